// A file mapped read-only into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gguf/input_file.h"

namespace ggufscope {

/// All of it lies in memory; unmapped when the last that shares it is gone.
class Mapping final : public InputFile {
 public:
  /// Throws std::filesystem::filesystem_error when the file cannot be opened, GGUFError when it is empty or not a
  /// regular file.
  static std::shared_ptr<const Mapping> open(const std::string& path);

  ~Mapping() override;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  /// Copies from the file, because the pages of a fresh mapping fault one by one: reading 4.9 GB takes half the time.
  void read(uint64_t offset, std::byte* out, size_t size) const override;

 private:
  explicit Mapping(const std::string& path);

  int descriptor_ = -1;  // kept to learn the file's size later
  std::optional<GuardedRange> range_;
};

}  // namespace ggufscope
