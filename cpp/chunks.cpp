#include "chunks.h"

#include <algorithm>

namespace ggufscope {
namespace {

constexpr uint64_t kChunkElements = uint64_t{1} << 20;
constexpr uint64_t kTilesPerStep = 128;

}  // namespace

bool wants_norms(const Source& source, bool fast) {
  return !fast && source.rows <= kMaxNorms && source.columns <= kMaxNorms;
}

std::vector<Chunk> cut_chunks(std::span<const Source> sources) {
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < sources.size(); ++i) {
    const Source& source = sources[i];
    if (source.columns == 0) continue;
    const uint64_t rows = std::max<uint64_t>(1, kChunkElements / source.columns);
    for (uint64_t first = 0; first < source.rows; first += rows) {
      chunks.push_back({i, first, std::min(rows, source.rows - first)});
    }
  }
  return chunks;
}

ChunkObserver::ChunkObserver(const Source& source, const KernelTable& table, bool fast, float sparsity_threshold,
                             Scratch& scratch)
    : source_(source),
      format_(table.format(source.type->id)),
      statistics_(table.statistics),
      fast_(fast),
      counts_codes_(!fast && format_.observe_coded != nullptr),
      sparsity_threshold_(sparsity_threshold),
      scratch_(scratch) {}

void ChunkObserver::observe(const Chunk& chunk, double* row_squares, ChunkResult& result, const Step& step) {
  result.segments.clear();
  result.scales = {};
  result.column_squares.assign(row_squares == nullptr ? 0 : source_.columns, 0.0);
  const uint64_t group = source_.group_rows == 0 ? source_.rows : source_.group_rows;
  const uint64_t end = chunk.first_row + chunk.n_rows;
  uint64_t tiles = 0;
  uint64_t elements = 0;
  const auto report = [&] {
    const uint64_t bytes = elements / source_.type->elements_per_block * source_.type->bytes_per_block;
    elements = 0;
    return step(bytes);
  };
  for (uint64_t row = chunk.first_row; row < end;) {
    const uint64_t segment_end = std::min(end, (row / group + 1) * group);
    const TileTargets targets{&result.segments.emplace_back(), fast_ || counts_codes_ ? nullptr : &scratch_.histogram,
                              row_squares, result.column_squares.data()};
    const uint64_t last = segment_end * source_.columns;
    for (uint64_t first = row * source_.columns; first < last; first += kTileElements) {
      const auto n = static_cast<size_t>(std::min<uint64_t>(kTileElements, last - first));
      observe_tile(chunk, first, n, targets, result.scales);
      elements += n;
      if (++tiles % kTilesPerStep == 0 && !report()) return;
    }
    row = segment_end;
  }
  report();
}

void ChunkObserver::observe_tile(const Chunk& chunk, uint64_t first, size_t n, const TileTargets& targets,
                                 Scales& scales) {
  const size_t n_blocks = n / source_.type->elements_per_block;
  const std::byte* blocks = native_blocks(first / source_.type->elements_per_block, n_blocks);
  format_.decode(blocks, n_blocks, scratch_.tile);
  if (format_.observe_scales != nullptr) format_.observe_scales(blocks, n_blocks, scales);
  if (counts_codes_) {
    format_.observe_coded(blocks, n_blocks, scratch_.histogram, scratch_.codes);
  } else if (format_.observe_codes != nullptr && !fast_) {
    format_.observe_codes(blocks, n_blocks, scratch_.codes);
  }

  Tile tile{};
  tile.values = scratch_.tile;
  tile.count = n;
  tile.first = source_.first_element + first;
  tile.row = first / source_.columns - chunk.first_row;
  tile.column = first % source_.columns;
  tile.columns = source_.columns;
  tile.sparsity_threshold = sparsity_threshold_;
  statistics_.observe_tile(tile, targets);
}

const std::byte* ChunkObserver::native_blocks(uint64_t first_block, size_t n_blocks) {
  const size_t size = source_.type->bytes_per_block;
  const std::byte* blocks = source_.data + first_block * size;
  if (!source_.swapped) return blocks;
  std::copy_n(blocks, n_blocks * size, scratch_.swapped);
  source_.type->swap_bytes(scratch_.swapped, n_blocks);
  return scratch_.swapped;
}

}  // namespace ggufscope
