#include "gguf/model.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "gguf/shards.h"

namespace ggufscope {
namespace {

// Sorted, not hashed: no choice of names makes this slow.
void require_unique_names(const std::vector<TensorInfo>& tensors, const std::vector<File>& files) {
  std::vector<uint32_t> by_name(tensors.size());
  std::iota(by_name.begin(), by_name.end(), 0U);
  const auto name = [&](uint32_t i) -> const std::string& { return tensors[i].name; };
  std::ranges::stable_sort(by_name, {}, name);
  const auto twice = std::ranges::adjacent_find(by_name, {}, name);
  if (twice == by_name.end()) return;
  const TensorInfo& second = tensors[*std::next(twice)];
  throw GGUFError(
      error_line(files[second.file].mapping->path(), {"tensor", second.name}, second.offset, "the name occurs twice"));
}

}  // namespace

std::shared_ptr<const Model> Model::open(const std::string& path) {
  return std::shared_ptr<const Model>(new Model(open_shards(path)));
}

Model::Model(std::vector<File> files) : files_(std::move(files)) {
  for (File& file : files_) std::ranges::move(file.tensors, std::back_inserter(tensors_));
  for (File& file : files_) file.tensors.clear();
  require_unique_names(tensors_, files_);
}

const std::byte* Model::data(const TensorInfo& tensor) const {
  const Mapping& mapping = *files_[tensor.file].mapping;
  require_intact(mapping.data(), mapping.size());
  return tensor.n_bytes == 0 ? mapping.data() : mapping.data() + tensor.offset;
}

}  // namespace ggufscope
