#include "stream/chunks.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace ggufscope {
namespace {

constexpr uint64_t kChunkElements = uint64_t{1} << 20;
constexpr uint64_t kTilesPerStep = 128;

// A file is read in pieces that stay in the L2 cache until they are worked on.
constexpr uint64_t kWindow = uint64_t{1} << 18;

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

uint32_t* ZeroedTable::of(size_t size) {
  constexpr size_t kLine = 64;
  if (size_ < size) {
    // NOLINTNEXTLINE(*-no-malloc): operator new would have to write the zeros, and so touch every page
    std::unique_ptr<void, Free> zeros(std::calloc(size + kLine / sizeof(uint32_t), sizeof(uint32_t)));
    if (zeros == nullptr) throw std::bad_alloc();
    memory_ = std::move(zeros);
    size_ = size;
  }
  void* start = memory_.get();
  size_t space = size * sizeof(uint32_t) + kLine;
  return static_cast<uint32_t*>(std::align(kLine, size * sizeof(uint32_t), start, space));
}

ChunkObserver::ChunkObserver(const Source& source, const KernelTable& table, bool fast, float sparsity_threshold,
                             Scratch& scratch)
    : source_(source),
      format_(table.format(source.type->id)),
      statistics_(table.statistics),
      fast_(fast),
      sparsity_threshold_(sparsity_threshold),
      scratch_(scratch) {}

void ChunkObserver::observe(const Chunk& chunk, double* row_squares, ChunkResult& result, const Step& step) {
  result.segments.clear();
  result.scales = {};
  result.column_squares.assign(row_squares == nullptr ? 0 : source_.columns, 0.0);
  const uint64_t group = source_.group_rows == 0 ? source_.rows : source_.group_rows;
  const uint64_t end = chunk.first_row + chunk.n_rows;
  chunk_end_ = bytes(end * source_.columns);
  const bool fused = format_.observe_fused != nullptr;
  const size_t stride = fused ? format_.group_elements * kGroupsPerRun : kTileElements;
  FusedRun run = fused_run(row_squares, result);
  uint64_t tiles = 0;
  uint64_t elements = 0;
  const auto report = [&] {
    if (run.table != nullptr) format_.flush_table(run.table, scratch_.histogram, scratch_.codes);
    const uint64_t done = bytes(elements);
    elements = 0;
    return step(done);
  };
  for (uint64_t row = chunk.first_row; row < end;) {
    const uint64_t segment_end = std::min(end, (row / group + 1) * group);
    const TileTargets targets{&result.segments.emplace_back(), fast_ ? nullptr : &scratch_.histogram, row_squares,
                              result.column_squares.data()};
    const uint64_t last = segment_end * source_.columns;
    for (uint64_t first = row * source_.columns; first < last; first += stride) {
      const Piece piece{first, static_cast<size_t>(std::min<uint64_t>(stride, last - first))};
      fused ? observe_fused(chunk, piece, run, targets, result.scales)
            : observe_tile(chunk, piece, targets, result.scales);
      elements += piece.n;
      if (++tiles % kTilesPerStep == 0 && !report()) return;
    }
    row = segment_end;
  }
  if (run.few_rows != nullptr) statistics_.flush_columns(run.few_rows, run.column_squares, run.columns);
  report();
}

FusedRun ChunkObserver::fused_run(double* row_squares, ChunkResult& result) {
  FusedRun run{};
  run.scales = &result.scales;
  run.columns = source_.columns;
  run.sparsity_threshold = sparsity_threshold_;
  if (fast_) return run;
  run.histogram = &scratch_.histogram;
  run.codes = &scratch_.codes;
  if (format_.table_size > 0) run.table = scratch_.table.of(format_.table_size);
  if (row_squares == nullptr || format_.observe_fused == nullptr) return run;
  scratch_.few_rows.assign(source_.columns, 0.0F);
  run.row_squares = row_squares;
  run.column_squares = result.column_squares.data();
  run.few_rows = scratch_.few_rows.data();
  return run;
}

void ChunkObserver::observe_fused(const Chunk& chunk, Piece piece, FusedRun& run, const TileTargets& targets,
                                  Scales& scales) {
  const size_t group = format_.group_elements;
  const int groups = static_cast<int>(piece.n / group);
  run.values = targets.values;
  run.first = source_.first_element + piece.first;
  run.row = piece.first / source_.columns - chunk.first_row;
  run.column = piece.first % source_.columns;
  const uint32_t left = format_.observe_fused(native_blocks(piece), groups, run);
  for (int i = 0; i < groups; ++i) {
    if ((left >> i & 1U) == 0) continue;
    observe_tile(chunk, {piece.first + i * group, group}, targets, scales);
  }
  const size_t done = groups * group;
  if (done < piece.n) observe_tile(chunk, {piece.first + done, piece.n - done}, targets, scales);
}

void ChunkObserver::observe_tile(const Chunk& chunk, Piece piece, const TileTargets& targets, Scales& scales) {
  const size_t n_blocks = piece.n / source_.type->elements_per_block;
  const std::byte* blocks = native_blocks(piece);
  format_.decode(blocks, n_blocks, scratch_.tile);
  if (format_.observe_scales != nullptr) format_.observe_scales(blocks, n_blocks, scales);
  if (format_.observe_codes != nullptr && !fast_) format_.observe_codes(blocks, n_blocks, scratch_.codes);

  Tile tile{};
  tile.values = scratch_.tile;
  tile.count = piece.n;
  tile.first = source_.first_element + piece.first;
  tile.row = piece.first / source_.columns - chunk.first_row;
  tile.column = piece.first % source_.columns;
  tile.columns = source_.columns;
  tile.sparsity_threshold = sparsity_threshold_;
  statistics_.observe_tile(tile, targets);
}

uint64_t ChunkObserver::bytes(uint64_t elements) const {
  return elements / source_.type->elements_per_block * source_.type->bytes_per_block;
}

// Copied from the file, because the pages of a fresh mapping fault one by one: reading 4.9 GB takes half the time.
const std::byte* ChunkObserver::bytes_of(uint64_t begin, size_t size) {
  if (source_.file == nullptr) return source_.data + begin;
  if (begin < window_begin_ || window_end_ < begin + size) {
    if (scratch_.window == nullptr) scratch_.window = std::make_unique_for_overwrite<std::byte[]>(kWindow);
    const auto in_file = static_cast<uint64_t>(source_.data - source_.file->data());
    window_begin_ = begin;
    window_end_ = std::min(begin + kWindow, chunk_end_);
    source_.file->read(in_file + begin, scratch_.window.get(), window_end_ - begin);
  }
  return scratch_.window.get() + (begin - window_begin_);
}

const std::byte* ChunkObserver::native_blocks(Piece piece) {
  const uint32_t per_block = source_.type->elements_per_block;
  const size_t size = source_.type->bytes_per_block;
  const size_t n_blocks = piece.n / per_block;
  const std::byte* blocks = bytes_of(piece.first / per_block * size, n_blocks * size);
  if (!source_.swapped) return blocks;
  std::copy_n(blocks, n_blocks * size, scratch_.swapped);
  source_.type->swap_bytes(scratch_.swapped, n_blocks);
  return scratch_.swapped;
}

}  // namespace ggufscope
