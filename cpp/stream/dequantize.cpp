#include "stream/dequantize.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "gguf/fault_guard.h"
#include "stream/parallel.h"

namespace ggufscope {
namespace {

constexpr size_t kRunElements = size_t{1} << 16;

// What is larger will not be read from a cache: then it does better to leave the caches alone. A store into them first
// fetches the line, so that memory is read as much as it is written.
constexpr size_t kLargeBytes = size_t{32} << 20;

// Blocks to floats at out, through a tile in the L1 cache.
void decode_past_caches(const FormatKernels& kernels, const TypeInfo& type, const StreamKernels& stream,
                        const std::byte* blocks, size_t n_blocks, float* out) {
  alignas(64) float tile[kTileElements];
  const size_t step = kTileElements / type.elements_per_block;
  for (size_t first = 0; first < n_blocks; first += step) {
    const size_t n = std::min(step, n_blocks - first);
    kernels.decode(blocks + first * type.bytes_per_block, n, tile);
    stream.copy(tile, n * type.elements_per_block, out + first * type.elements_per_block);
  }
}

}  // namespace

void dequantize(const TypeInfo& type, const std::byte* blocks, size_t n_blocks, bool swapped, int threads,
                const KernelTable& table, float* out) {
  require_byte_order(type, swapped);
  const FormatKernels& kernels = table.format(type.id);
  const size_t run = std::max<size_t>(1, kRunElements / type.elements_per_block);
  const size_t out_bytes = n_blocks * type.elements_per_block * sizeof(float);
  const bool large = out_bytes >= kLargeBytes;
  std::atomic<size_t> next{0};
  const auto work = [&](int) {
    std::vector<std::byte> copy(swapped ? run * type.bytes_per_block : 0);
    for (size_t first = next.fetch_add(run); first < n_blocks; first = next.fetch_add(run)) {
      const size_t n = std::min(run, n_blocks - first);
      const std::byte* source = blocks + first * type.bytes_per_block;
      if (swapped) {
        std::copy_n(source, n * type.bytes_per_block, copy.data());
        type.swap_bytes(copy.data(), n);
        source = copy.data();
      }
      float* const to = out + first * type.elements_per_block;
      large ? decode_past_caches(kernels, type, table.stream, source, n, to) : kernels.decode(source, n, to);
    }
    table.stream.end();
  };
  run_workers(out_bytes < kSmallBytes ? 1 : threads, work);
  require_intact(blocks, n_blocks * type.bytes_per_block);
}

}  // namespace ggufscope
