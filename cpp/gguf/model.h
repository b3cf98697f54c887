// A model: one GGUF file or all shards of a split one, checked. Nothing is decoded here.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gguf/file.h"
#include "gguf/shards.h"

namespace ggufscope {

/// Immutable once open, so any number of threads may use it.
class Model {
 public:
  /// Maps the files. Throws GGUFError or std::filesystem::filesystem_error.
  static std::shared_ptr<const Model> open(const std::string& path);

  /// The file that is called `path` and its shards, as `open_file` has them. Throws what that throws, too.
  static std::shared_ptr<const Model> open(const std::string& path, const OpenFile& open_file);

  /// Of one file that was opened before.
  static std::shared_ptr<const Model> of(File file);

  /// Their tensors are in `tensors`.
  const std::vector<File>& files() const { return files_; }

  /// The tensors of all files, in file order.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// Of the first file, which describes the model.
  const Metadata& metadata() const { return files_.front().metadata; }

  /// The bytes of a tensor where they lie in memory, valid as long as its file lives; nullptr where they must be read.
  /// Read them inside a FaultScope, as run_workers does. Throws GGUFError when a mapped file has shrunk since it was
  /// opened.
  const std::byte* data(const TensorInfo& tensor) const;

  const InputFile& input(const TensorInfo& tensor) const { return *files_[tensor.file].input; }

  /// Announces that these tensors, numbers of `tensors()`, are about to be read in this order (ByteSource::expect).
  void expect(std::span<const size_t> tensors) const;

  /// Lets other threads that wait for bytes give up (ByteSource::cancel).
  void cancel() const;

  /// Announces ranges of each of `files()`.
  void expect(const std::vector<std::vector<ByteRange>>& ranges) const;

  /// True when tensor data is big-endian and must pass TypeInfo::swap_bytes.
  bool swapped() const { return files_.front().order == ByteOrder::big; }

 private:
  explicit Model(std::vector<File> files);

  std::vector<File> files_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace ggufscope
