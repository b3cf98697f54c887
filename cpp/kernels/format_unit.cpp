// One family of formats, built for one instruction set. CMake compiles this file once per pair and defines
// GGUFSCOPE_FAMILY (legacy), GGUFSCOPE_FAMILY_HEADER ("formats/legacy.h") and GGUFSCOPE_ISA (avx2).
#include GGUFSCOPE_FAMILY_HEADER
#include "kernels/blocks.h"
#include "kernels/fused.h"
#include "kernels/kernels.h"
#include "kernels/names.h"
#include "kernels/prefetch.h"

namespace ggufscope {
namespace {

template <class Format>
void decode(const std::byte* bytes, size_t n_blocks, float* out) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  if constexpr (IsPlain<Format>) {
    constexpr size_t kPiece = 256;
    for (size_t first = 0; first < n_blocks; first += kPiece) {
      const size_t n = n_blocks - first < kPiece ? n_blocks - first : kPiece;
      prefetch_after(blocks + first, n * sizeof *blocks);
      Format::decode_run(blocks + first, n, out + first);
    }
  } else {
    for (size_t i = 0; i < n_blocks; ++i) {
      prefetch_after(blocks + i, sizeof blocks[i]);
      Format::decode(blocks[i], out + i * Format::elements);
    }
  }
}

template <class Format>
void observe_blocks(const std::byte* bytes, size_t n_blocks, const Targets& targets) {
  observe_blocks<Format>(StatisticsOfBlocks<Format>{}, reinterpret_cast<const typename Format::Block*>(bytes), n_blocks,
                         targets);
}

template <class Format>
constexpr FormatKernels kernels_of() {
  FormatKernels kernels{Format::id, decode<Format>, nullptr, nullptr, 0, 0, nullptr};
  if constexpr (!kIsEmpty<StatisticsOfBlocks<Format>>) kernels.observe_blocks = observe_blocks<Format>;
  if constexpr (IsOfIntegers<Format>) {
    kernels.observe_fused = observe_fused<Format>;
    kernels.group_elements = Format::sub_block_elements * kLanes;
    if constexpr (HasTable<TablesOf<Format>>) {
      kernels.table_size = TablesOf<Format>::kTableSize;
      kernels.flush_table = TablesOf<Format>::flush;
    }
  }
  return kernels;
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
