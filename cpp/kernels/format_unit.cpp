// One family of formats, built for one instruction set. CMake compiles this file once per pair and defines
// GGUFSCOPE_FAMILY (legacy), GGUFSCOPE_FAMILY_HEADER ("formats/legacy.h") and GGUFSCOPE_ISA (avx2).
#include GGUFSCOPE_FAMILY_HEADER
#include "kernels/kernels.h"
#include "kernels/names.h"

namespace ggufscope {
namespace {

// Asks for the cache lines of a block about 2 KB ahead. The processor's own prefetcher stops at every page, and blocks
// are read too fast for it to catch up: from memory, decoding gets 1.2 to 2 times as fast. A prefetch never faults, so
// the end of the buffer needs no care; it is an integer here because a pointer must not leave its array.
template <class Block>
void prefetch_after(const Block& block) {
  const auto ahead = reinterpret_cast<uintptr_t>(&block) + 2048;
  for (size_t line = 0; line < sizeof(Block); line += 64) {
    __builtin_prefetch(reinterpret_cast<const void*>(ahead + line));  // NOLINT(performance-no-int-to-ptr)
  }
}

template <class Format>
void decode(const std::byte* bytes, size_t n_blocks, float* out) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  if constexpr (IsPlain<Format>) {
    Format::decode_run(blocks, n_blocks, out);
  } else {
    for (size_t i = 0; i < n_blocks; ++i) {
      prefetch_after(blocks[i]);
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
    observe(scales, values, n * Format::scales_per_block);
  }
}

template <class Format>
void observe_codes(const std::byte* bytes, size_t n_blocks, CodeCounters& codes) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  alignas(64) uint8_t scratch[Format::packed_bytes];
  for (size_t i = 0; i < n_blocks; ++i) {
    observe(codes, Format::packed_codes(blocks[i], scratch), Format::packed_bytes);
  }
}

template <class Format>
void observe_coded(const std::byte* bytes, size_t n_blocks, HistogramCounters& histogram, CodeCounters& codes) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  CountedValues counted(histogram);
  I32 total = broadcast(0);
  for (size_t i = 0; i < n_blocks; ++i) {
    Format::count_codes(blocks[i], [&](F32 values, I32 counts) {
      counted.add(values, counts);
      total = total + counts;
    });
  }
  counted.finish();
  if constexpr (HasCodes<Format>) observe(codes, total);
}

template <class Format>
constexpr FormatKernels kernels_of() {
  FormatKernels kernels{Format::id, decode<Format>, nullptr, nullptr, nullptr};
  if constexpr (HasScales<Format>) kernels.observe_scales = observe_scales<Format>;
  if constexpr (HasCodes<Format>) kernels.observe_codes = observe_codes<Format>;
  if constexpr (CountsCodes<Format>) kernels.observe_coded = observe_coded<Format>;
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
