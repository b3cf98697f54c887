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
      error_line(files[second.file].input->path(), {"tensor", second.name}, second.offset, "the name occurs twice"));
}

}  // namespace

std::shared_ptr<const Model> Model::open(const std::string& path) {
  return open(path, [](const std::string& file) { return File::open(file); });
}

std::shared_ptr<const Model> Model::open(const std::string& path, const OpenFile& open_file) {
  return std::shared_ptr<const Model>(new Model(open_shards(path, open_file)));
}

std::shared_ptr<const Model> Model::of(File file) {
  std::vector<File> files;
  files.push_back(std::move(file));
  return std::shared_ptr<const Model>(new Model(std::move(files)));
}

Model::Model(std::vector<File> files) : files_(std::move(files)) {
  for (size_t i = 0; i < files_.size(); ++i) {
    for (TensorInfo& tensor : files_[i].tensors) tensor.file = static_cast<uint32_t>(i);
    std::ranges::move(files_[i].tensors, std::back_inserter(tensors_));
    files_[i].tensors.clear();
  }
  require_unique_names(tensors_, files_);
}

const std::byte* Model::data(const TensorInfo& tensor) const {
  const InputFile& file = input(tensor);
  file.require_intact();
  return tensor.n_bytes == 0 ? file.head().data() : file.in_memory(tensor.offset, tensor.n_bytes);
}

void Model::expect(std::span<const size_t> tensors) const {
  std::vector<std::vector<ByteRange>> ranges(files_.size());
  for (const size_t index : tensors) {
    const TensorInfo& tensor = tensors_.at(index);
    if (tensor.n_bytes > 0) ranges[tensor.file].push_back({tensor.offset, tensor.n_bytes});
  }
  expect(ranges);
}

void Model::expect(const std::vector<std::vector<ByteRange>>& ranges) const {
  for (size_t i = 0; i < files_.size(); ++i) files_[i].input->expect(ranges[i]);
}

void Model::cancel() const {
  for (const File& file : files_) file.input->cancel();
}

}  // namespace ggufscope
