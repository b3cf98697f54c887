// One file, wherever its bytes lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "gguf/byte_source.h"
#include "gguf/fault_guard.h"

namespace ggufscope {

/// Its first bytes lie in memory: all of a mapped file (Mapping), of others as many as the header takes (HeadedFile).
/// Shared by the model and by every view of its data.
class InputFile : public ByteSource {
 public:
  /// What errors and users call it.
  const std::string& path() const { return path_; }

  /// Of the whole file.
  uint64_t size() const { return size_; }

  /// Its first bytes. Reads of them belong inside a FaultScope.
  std::span<const std::byte> head() const { return head_; }

  /// `size` bytes from `offset` on where they lie in memory, nullptr where they must be read.
  const std::byte* in_memory(uint64_t offset, uint64_t size) const {
    return size <= head_.size() && offset <= head_.size() - size ? head_.data() + offset : nullptr;
  }

  /// Throws GGUFError if the file is mapped and has shrunk. Other files tell when they are read.
  void require_intact() const { ggufscope::require_intact(head_.data(), head_.size()); }

 protected:
  explicit InputFile(std::string path) : path_(std::move(path)) {}
  void set_size(uint64_t size) { size_ = size; }
  void set_head(std::span<const std::byte> head) { head_ = head; }

 private:
  std::string path_;
  uint64_t size_ = 0;
  std::span<const std::byte> head_;
};

}  // namespace ggufscope
