// One family of formats, built for one instruction set. CMake compiles this file once per pair and defines
// GGUFSCOPE_FAMILY (legacy), GGUFSCOPE_FAMILY_HEADER ("formats/legacy.h") and GGUFSCOPE_ISA (avx2).
#include GGUFSCOPE_FAMILY_HEADER
#include "kernels/kernels.h"
#include "kernels/names.h"

namespace ggufscope {
namespace {

template <class Format>
void decode(const std::byte* bytes, size_t n_blocks, float* out) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  if constexpr (IsPlain<Format>) {
    Format::decode_run(blocks, n_blocks, out);
  } else {
    for (size_t i = 0; i < n_blocks; ++i) Format::decode(blocks[i], out + i * Format::elements);
  }
}

template <class Format>
constexpr FormatKernels kernels_of() {
  return {Format::id, decode<Format>, nullptr, nullptr};
}

template <class... Format>
struct Table {
  static constexpr FormatKernels entries[] = {kernels_of<Format>()...};
  static constexpr size_t size = sizeof...(Format);
};

template <class... Format>
constexpr FamilyKernels family(FormatList<Format...>) {
  return {Table<Format...>::entries, Table<Format...>::size};
}

}  // namespace

extern const FamilyKernels GGUFSCOPE_FAMILY_KERNELS(GGUFSCOPE_FAMILY, GGUFSCOPE_ISA);
constinit const FamilyKernels GGUFSCOPE_FAMILY_KERNELS(GGUFSCOPE_FAMILY, GGUFSCOPE_ISA) =
    family(GGUFSCOPE_FORMATS_OF(GGUFSCOPE_FAMILY){});

}  // namespace ggufscope
