#include "stream/dequantize.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "stream/parallel.h"

namespace ggufscope {
namespace {

constexpr uint64_t kRunElements = uint64_t{1} << 16;

// What is larger will not be read from a cache: then it does better to leave the caches alone. A store into them first
// fetches the line, so that memory is read as much as it is written.
constexpr uint64_t kLargeBytes = uint64_t{32} << 20;

// Decodes to `out` through a tile in the L1 cache.
void decode_past_caches(BlockReader& reader, const StreamKernels& stream, uint64_t first, uint64_t count, float* out) {
  alignas(64) float tile[kTileElements];
  for (uint64_t done = 0; done < count; done += kTileElements) {
    const auto n = static_cast<size_t>(std::min<uint64_t>(kTileElements, count - done));
    reader.decode(first + done, n, tile);
    stream.copy(tile, n, out + done);
  }
}

}  // namespace

void dequantize(const BlockMatrix& matrix, int threads, const KernelTable& table, float* out) {
  static_assert(kRunElements % kTileElements == 0);
  const uint64_t elements = matrix.rows * matrix.columns;
  const uint64_t out_bytes = elements * sizeof(float);
  std::atomic<uint64_t> next{0};
  const auto work = [&](int) {
    const auto memory = std::make_unique_for_overwrite<ReaderMemory>();
    BlockReader reader(matrix, table, *memory);
    for (uint64_t first = next.fetch_add(kRunElements); first < elements; first = next.fetch_add(kRunElements)) {
      const auto count = static_cast<size_t>(std::min(kRunElements, elements - first));
      reader.read_ahead_to(first + count);
      out_bytes >= kLargeBytes ? decode_past_caches(reader, table.stream, first, count, out + first)
                               : reader.decode(first, count, out + first);
    }
    table.stream.end();
  };
  run_workers(out_bytes < kSmallBytes ? 1 : threads, work);
  require_intact(matrix);
}

}  // namespace ggufscope
