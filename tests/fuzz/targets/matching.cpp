// Tensors of two models, matched: as looking at every two of them has it.
//
//   number of the reference's tensors, a byte │ a byte for each tensor of either: its name, its shape
#include <cstring>

#include "fuzz/files.h"
#include "fuzz/input.h"
#include "fuzz/opened.h"

namespace ggufscope {
namespace {

void put(Bytes& file, const void* value, size_t size) {
  const auto* bytes = static_cast<const std::byte*>(value);
  file.insert(file.end(), bytes, bytes + size);
}
void put_number(Bytes& file, uint64_t number) { put(file, &number, sizeof number); }
void put_short(Bytes& file, uint32_t number) { put(file, &number, sizeof number); }

// Tensors without elements, named by the lower six bits, of a shape by the upper two.
Bytes file_of(std::span<const std::byte> tensors) {
  Bytes file;
  put(file, "GGUF", 4);
  put_short(file, 3);
  put_number(file, tensors.size());
  put_number(file, 0);
  for (const std::byte tensor : tensors) {
    const std::string name = concat("t", std::to_integer<uint64_t>(tensor & std::byte{0x3F}));
    put_number(file, name.size());
    put(file, name.data(), name.size());
    put_short(file, 2);
    put_number(file, 0);
    put_number(file, std::to_integer<uint64_t>(tensor >> 6));
    put_short(file, 0);
    put_number(file, 0);
  }
  file.resize((file.size() + 31) / 32 * 32);
  return file;
}

TensorMatch match_slowly(const Model& reference, const Model& model) {
  TensorMatch match;
  std::vector<bool> matched(model.tensors().size(), false);
  for (uint64_t i = 0; i < reference.tensors().size(); ++i) {
    const TensorInfo& tensor = reference.tensors()[i];
    const auto place = std::ranges::find(model.tensors(), tensor.name, &TensorInfo::name);
    if (place == model.tensors().end()) {
      match.missing.push_back(i);
      continue;
    }
    const auto index = static_cast<uint64_t>(place - model.tensors().begin());
    matched[index] = true;
    (place->shape == tensor.shape ? match.pairs : match.reshaped).emplace_back(i, index);
  }
  for (uint64_t i = 0; i < matched.size(); ++i) {
    if (!matched[i]) match.extra.push_back(i);
  }
  return match;
}

void run(Input input) {
  const size_t n = input.byte();
  std::string refusal;
  const auto reference = open_model(directory().write("reference.gguf", file_of(input.take(n))), refusal);
  const auto model = open_model(directory().write("model.gguf", file_of(input.rest())), refusal);
  if (reference == nullptr || model == nullptr) {
    require(refusal.ends_with("the name occurs twice"), "only names that occur twice are refused", refusal);
    return;
  }
  const TensorMatch expected = match_slowly(*reference, *model);
  const TensorMatch match = match_tensors(*reference, *model);
  require(match.pairs == expected.pairs, "tensors of one name and shape");
  require(match.reshaped == expected.reshaped, "tensors of one name and another shape");
  require(match.missing == expected.missing, "tensors that are missing");
  require(match.extra == expected.extra, "tensors that are extra");
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({data, size});
  return 0;
}
