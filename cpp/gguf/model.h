// A model on disk: one GGUF file or all shards of a split one, mapped and checked. Nothing is decoded here.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gguf/file.h"

namespace ggufscope {

/// Immutable once open, so any number of threads may use it.
class Model {
 public:
  /// Throws GGUFError or std::filesystem::filesystem_error.
  static std::shared_ptr<const Model> open(const std::string& path);

  /// Their tensors are in `tensors`.
  const std::vector<File>& files() const { return files_; }

  /// The tensors of all files, in file order.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// Of the first file, which describes the model.
  const Metadata& metadata() const { return files_.front().metadata; }

  /// The bytes of a tensor, in the mapping; valid as long as its Mapping lives. Read them inside a FaultScope, as
  /// run_workers does. Throws GGUFError when the file has shrunk since it was opened.
  const std::byte* data(const TensorInfo& tensor) const;

  /// True when tensor data is big-endian and must pass TypeInfo::swap_bytes.
  bool swapped() const { return files_.front().order == ByteOrder::big; }

 private:
  explicit Model(std::vector<File> files);

  std::vector<File> files_;
  std::vector<TensorInfo> tensors_;
};

}  // namespace ggufscope
