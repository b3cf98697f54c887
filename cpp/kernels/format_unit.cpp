// One family of formats, built for one instruction set. CMake compiles this file once per pair and defines
// GGUFSCOPE_FAMILY (legacy), GGUFSCOPE_FAMILY_HEADER ("formats/legacy.h") and GGUFSCOPE_ISA (avx2).
#include GGUFSCOPE_FAMILY_HEADER
#include "kernels/codes.h"
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

constexpr size_t kBatch = 64;  // blocks whose scales or codes are gathered before they are looked at

template <class Format>
void observe_scales(const std::byte* bytes, size_t n_blocks, Scales& scales) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  alignas(64) float values[kBatch * Format::scales_per_block];
  for (size_t first = 0; first < n_blocks; first += kBatch) {
    const size_t n = n_blocks - first < kBatch ? n_blocks - first : kBatch;
    for (size_t i = 0; i < n; ++i) Format::scales(blocks[first + i], values + i * Format::scales_per_block);
    Summing<Scales> summing;
    each_group(values, n * Format::scales_per_block, [&](F32 scale, auto valid) { summing.add(scale, valid); });
    summing.finish(scales, n * Format::scales_per_block);
  }
}

template <class Format>
void observe_codes(const std::byte* bytes, size_t n_blocks, CodeCounters& codes) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  CodeTables<Format> tables;
  for (size_t i = 0; i < n_blocks; ++i) tables.add(blocks[i], codes);
  tables.finish(codes);
}

template <class Format>
constexpr FormatKernels kernels_of() {
  FormatKernels kernels{Format::id, decode<Format>, nullptr, nullptr, nullptr, 0, 0, nullptr};
  if constexpr (HasScales<Format>) kernels.observe_scales = observe_scales<Format>;
  if constexpr (HasCodes<Format>) kernels.observe_codes = observe_codes<Format>;
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
