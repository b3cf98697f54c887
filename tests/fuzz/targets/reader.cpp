// A file of any bytes: read as a model whose every part holds together, or refused in one line; the same whether it is
// mapped, or read from a head that is extended as far as it has to be.
#include "fuzz/files.h"
#include "fuzz/input.h"
#include "fuzz/memory_source.h"
#include "fuzz/opened.h"
#include "state/state.h"

namespace ggufscope {
namespace {

constexpr uint64_t kHead = 24;  // at first: no key and no tensor is in it

std::shared_ptr<const Model> open_headed(const std::string& path, std::span<const std::byte> bytes,
                                         std::string& refusal) {
  try {
    return Model::open(path, [&](const std::string& name) {
      auto source = std::make_unique<MemorySource>(bytes);
      return File::open(std::make_shared<HeadedFile>(name, bytes.size(), std::move(source), kHead));
    });
  } catch (const GGUFError& error) {
    refusal = error.what();
    return nullptr;
  }
}

void require_same(const Model& mapped, const Model& headed) {
  const auto same = [](const auto& one, const auto& other) { return are_equal(one, other); };
  require(std::ranges::equal(mapped.tensors(), headed.tensors(), same), "a head has the same tensors");
  require(std::ranges::equal(mapped.metadata().entries(), headed.metadata().entries(), same), "and the same keys");
  for (const TensorInfo& tensor : mapped.tensors()) {
    if (tensor.n_bytes == 0) continue;
    Bytes data(tensor.n_bytes);
    headed.input(tensor).read(tensor.offset, data.data(), data.size());
    require(std::ranges::equal(data, std::span(mapped.data(tensor), data.size())), "and the same data", tensor.name);
  }
}

void run(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;  // an empty file is refused by the mapping, as any is that is not regular
  const std::string path = directory().write("model.gguf", bytes);
  std::string refusal;
  std::string of_headed;
  const auto headed = open_headed(path, bytes, of_headed);
  if (const auto model = open_model(path, refusal)) {
    require_sound(*model);
    require(headed != nullptr, "what is mapped is also read", of_headed);
    require_same(*model, *headed);
    return;
  }
  require(headed == nullptr && of_headed == refusal, "a head is refused for the same reason", of_headed);
  std::string again;
  require(open_model(path, again) == nullptr && again == refusal, "a file is refused for the same reason", refusal);
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
