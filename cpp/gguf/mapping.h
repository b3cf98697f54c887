// A file mapped read-only into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gguf/input_file.h"
#include "gguf/reading_ways.h"

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

  /// Copies from the file: no page of the mapping is touched, which would count as memory taken.
  void read(uint64_t offset, std::byte* out, size_t size) const override;

  const Mapping* mapping() const override { return this; }

  /// Maps the pages of that range at once, as far as the system does such a thing and the file still has them.
  void populate(uint64_t offset, uint64_t size) const;

  /// Gives the pages back that lie in that range. Others may be reading them: they fault once more.
  void release(uint64_t offset, uint64_t size) const;

  /// The choice between these.
  ReadingTrial& trial() const { return trial_; }

 private:
  explicit Mapping(const std::string& path);

  int descriptor_ = -1;  // kept to learn the file's size later
  std::optional<GuardedRange> range_;
  mutable ReadingTrial trial_;
};

}  // namespace ggufscope
