// A model in several files of any bytes: opened by any of them it is the same, or refused in one line.
//
//   number of files, a byte │ their sizes, two bytes each │ their bytes, one file behind the other
#include "fuzz/files.h"
#include "fuzz/input.h"
#include "fuzz/opened.h"

namespace ggufscope {
namespace {

constexpr size_t kMostFiles = 4;

// The last has what the others left.
std::vector<std::string> write_files(Input& input) {
  const size_t n = 1 + input.byte() % kMostFiles;
  std::vector<size_t> sizes(n);
  for (size_t& size : sizes) size = input.word();
  std::vector<std::string> paths;
  for (size_t i = 0; i < n; ++i) {
    const auto bytes = i + 1 < n ? input.take(sizes[i]) : input.rest();
    const std::string name = concat("model-0000", i + 1, "-of-0000", n, ".gguf");
    paths.push_back(directory().write(name, bytes));
  }
  return paths;
}

bool is_same(const Model& one, const Model& other) {
  const auto& tensors = one.tensors();
  return std::ranges::equal(tensors, other.tensors(), [](const TensorInfo& a, const TensorInfo& b) {
    return a.name == b.name && a.file == b.file && a.offset == b.offset && a.shape == b.shape;
  });
}

void run(Input input) {
  const std::vector<std::string> paths = write_files(input);
  std::shared_ptr<const Model> first;
  for (const std::string& path : paths) {
    std::string refusal;
    const auto model = open_model(path, refusal);
    if (model == nullptr || model->files().size() == 1) continue;  // a file for itself may stand beside others
    require(model->files().size() == paths.size(), "as many files as their names say", path);
    require_sound(*model);
    if (first != nullptr) require(is_same(*first, *model), "the same model by each of its files", path);
    first = model;
  }
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({data, size});
  return 0;
}
