// Models that are opened: what must hold of any that is read, and of any refusal.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "gguf/matching.h"
#include "gguf/metadata_value.h"
#include "gguf/model.h"

namespace ggufscope {
namespace {

/// A refusal is one line of printable text that begins with the file.
inline void require_documented(const GGUFError& error, std::string_view directory) {
  const std::string_view line = error.what();
  require(line.starts_with(directory), "an error names the file", line);
  require(is_utf8(line), "an error is UTF-8", line);
  // Escaping once more changes nothing but what is too long, so that it ends in the mark of that.
  const std::string again = escaped(line);
  require(again == line || again.ends_with("…"), "an error has no character that disturbs a line", line);
}

/// The model, or nullptr where it is refused; then `refusal` says why.
inline std::shared_ptr<const Model> open_model(const std::string& path, std::string& refusal) {
  try {
    return Model::open(path);
  } catch (const GGUFError& error) {
    require_documented(error, path.substr(0, path.rfind('/') + 1));
    refusal = error.what();
    return nullptr;
  }
}

inline void require_sound(const Model& model, const TensorInfo& tensor) {
  const File& file = model.files().at(tensor.file);
  uint64_t elements = 1;
  for (const uint64_t extent : tensor.shape) elements *= extent;
  require(tensor.n_elements == elements, "a tensor has the elements of its shape", tensor.name);
  const TypeInfo& type = *tensor.type;
  require(tensor.n_bytes == elements / type.elements_per_block * type.bytes_per_block, "and their bytes", tensor.name);
  require(tensor.offset % file.alignment == 0, "data is aligned", tensor.name);
  require(is_utf8(tensor.name), "names are UTF-8", tensor.name);
  if (tensor.n_bytes == 0) return;
  const uint64_t size = file.input->size();
  require(tensor.n_bytes <= size && tensor.offset <= size - tensor.n_bytes, "data lies in the file", tensor.name);
  // Both ends are read, so that a sanitizer sees where they lie.
  const volatile std::byte* data = model.data(tensor);
  static_cast<void>(data[0]);
  static_cast<void>(data[tensor.n_bytes - 1]);
}

inline void require_apart(const Model& model) {
  std::vector<const TensorInfo*> tensors;
  for (const TensorInfo& tensor : model.tensors()) {
    if (tensor.n_bytes > 0) tensors.push_back(&tensor);
  }
  std::ranges::sort(tensors, {}, [](const TensorInfo* tensor) { return std::pair(tensor->file, tensor->offset); });
  for (size_t i = 1; i < tensors.size(); ++i) {
    const TensorInfo& before = *tensors[i - 1];
    const bool apart = before.file != tensors[i]->file || before.offset + before.n_bytes <= tensors[i]->offset;
    require(apart, "no two tensors overlap", before.name);
  }
}

inline void require_values(const File& file) {
  for (const MetadataEntry& entry : file.metadata.entries()) {
    require(file.metadata.find(entry.key) == &entry, "a key is found", entry.key);
    const MetadataValue whole = read_value(file, entry, std::nullopt);
    const MetadataValue part = read_value(file, entry, 1);
    require(whole.type == part.type && whole.is_array == part.is_array, "a part is of the same type", entry.key);
    require(part.text_ends.size() <= 1 && part.arrays.size() <= 1, "no more than asked for", entry.key);
    require(whole.text.starts_with(part.text), "a part is the beginning", entry.key);
    const auto count = file.count(entry.key);
    require(!count || !whole.numbers.empty(), "a count is a number", entry.key);
  }
}

/// All that must hold of a model that was opened.
inline void require_sound(const Model& model) {
  for (const TensorInfo& tensor : model.tensors()) require_sound(model, tensor);
  require_apart(model);
  for (const File& file : model.files()) require_values(file);
  const TensorMatch match = match_tensors(model, model);
  require(match.pairs.size() == model.tensors().size(), "every tensor goes with itself");
  for (const auto& [of_reference, of_model] : match.pairs) require(of_reference == of_model, "and with no other");
}

}  // namespace
}  // namespace ggufscope
