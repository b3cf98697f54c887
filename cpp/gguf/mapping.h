// A file mapped read-only into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gguf/byte_source.h"
#include "gguf/fault_guard.h"

namespace ggufscope {

/// Shared by the model and by every view of its data; unmapped when the last of them is gone. Reads of the bytes
/// belong inside a FaultScope.
class Mapping final : public ByteSource {
 public:
  /// Throws std::filesystem::filesystem_error when the file cannot be opened, GGUFError when it is empty or not a
  /// regular file.
  static std::shared_ptr<const Mapping> open(const std::string& path);

  ~Mapping() override;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  /// Copies from the file, because the pages of a fresh mapping fault one by one: reading 4.9 GB takes half the time.
  void read(uint64_t offset, std::byte* out, size_t size) const override;

  const std::byte* data() const { return data_; }
  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  explicit Mapping(const std::string& path);

  std::string path_;
  int descriptor_ = -1;  // kept to learn the file's size later
  const std::byte* data_ = nullptr;
  uint64_t size_ = 0;
  std::optional<GuardedRange> range_;
};

}  // namespace ggufscope
