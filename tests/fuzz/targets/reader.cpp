// A file of any bytes: read as a model whose every part holds together, or refused in one line.
#include "fuzz/files.h"
#include "fuzz/opened.h"

namespace ggufscope {
namespace {

void run(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;  // an empty file is refused by the mapping, as any is that is not regular
  const std::string path = directory().write("model.gguf", bytes);
  std::string refusal;
  if (const auto model = open_model(path, refusal)) {
    require_sound(*model);
    return;
  }
  std::string again;
  require(open_model(path, again) == nullptr && again == refusal, "a file is refused for the same reason", refusal);
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
