#include "stream/chunks.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <utility>

namespace ggufscope {
namespace {

constexpr uint64_t kChunkElements = uint64_t{1} << 20;
constexpr uint64_t kTilesPerStep = 128;

}  // namespace

bool wants_norms(const BlockMatrix& matrix, bool fast) {
  return !fast && matrix.rows <= kMaxNorms && matrix.columns <= kMaxNorms;
}

std::vector<Chunk> cut_chunks(std::span<const Source> sources) {
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < sources.size(); ++i) {
    const BlockMatrix& matrix = sources[i].matrix;
    if (matrix.columns == 0) continue;
    const uint64_t rows = std::max<uint64_t>(1, kChunkElements / matrix.columns);
    for (uint64_t first = 0; first < matrix.rows; first += rows) {
      chunks.push_back({i, first, std::min(rows, matrix.rows - first)});
    }
  }
  return chunks;
}

uint32_t* ZeroedTable::of(size_t size) {
  if (size_ < size) {
    unmap();
    // Not from the heap, which would write zeros into memory that it takes up again, and so touch every page.
    const int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* zeros = mmap(nullptr, size * sizeof(uint32_t), PROT_READ | PROT_WRITE, kind, -1, 0);
    if (zeros == MAP_FAILED) throw std::bad_alloc();
    counters_ = static_cast<uint32_t*>(zeros);
    size_ = size;
  }
  return counters_;
}

void ZeroedTable::unmap() {
  if (counters_ != nullptr) munmap(counters_, size_ * sizeof(uint32_t));
  counters_ = nullptr;
  size_ = 0;
}

ChunkObserver::ChunkObserver(const Source& source, const KernelTable& table, bool fast, float sparsity_threshold,
                             Scratch& scratch)
    : source_(source),
      matrix_(source.matrix),
      reader_(source.matrix, table, scratch.reader),
      format_(reader_.kernels()),
      statistics_(table.statistics),
      fast_(fast),
      sparsity_threshold_(sparsity_threshold),
      scratch_(scratch) {}

void ChunkObserver::observe(const Chunk& chunk, double* row_squares, ChunkResult& result, const Step& step) {
  result.segments.clear();
  result.scales = {};
  result.column_squares.assign(row_squares == nullptr ? 0 : matrix_.columns, 0.0);
  const uint64_t group = source_.group_rows == 0 ? matrix_.rows : source_.group_rows;
  const uint64_t end = chunk.first_row + chunk.n_rows;
  reader_.read_ahead_to(end * matrix_.columns);
  const bool fused = format_.observe_fused != nullptr;
  const size_t stride = fused ? format_.group_elements * kGroupsPerRun : kTileElements;
  FusedRun run = fused_run(row_squares, result);
  uint64_t tiles = 0;
  uint64_t elements = 0;
  const auto report = [&] {
    if (run.table != nullptr) format_.flush_table(run.table, scratch_.histogram, scratch_.codes);
    const uint64_t done = matrix_.bytes(elements);
    elements = 0;
    return step(done);
  };
  for (uint64_t row = chunk.first_row; row < end;) {
    const uint64_t segment_end = std::min(end, (row / group + 1) * group);
    const TileTargets targets{&result.segments.emplace_back(), fast_ ? nullptr : &scratch_.histogram, row_squares,
                              result.column_squares.data()};
    const uint64_t last = segment_end * matrix_.columns;
    for (uint64_t first = row * matrix_.columns; first < last; first += stride) {
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
  run.columns = matrix_.columns;
  run.sparsity_threshold = sparsity_threshold_;
  if (fast_) return run;
  run.histogram = &scratch_.histogram;
  run.codes = &scratch_.codes;
  if (format_.table_size > 0) run.table = scratch_.table.of(format_.table_size);
  if (row_squares == nullptr || format_.observe_fused == nullptr) return run;
  scratch_.few_rows.assign(matrix_.columns, 0.0F);
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
  run.row = piece.first / matrix_.columns - chunk.first_row;
  run.column = piece.first % matrix_.columns;
  const uint32_t left = format_.observe_fused(reader_.blocks(piece.first, piece.n), groups, run);
  for (int i = 0; i < groups; ++i) {
    if ((left >> i & 1U) == 0) continue;
    observe_tile(chunk, {piece.first + i * group, group}, targets, scales);
  }
  const size_t done = groups * group;
  if (done < piece.n) observe_tile(chunk, {piece.first + done, piece.n - done}, targets, scales);
}

void ChunkObserver::observe_tile(const Chunk& chunk, Piece piece, const TileTargets& targets, Scales& scales) {
  const size_t n_blocks = piece.n / matrix_.type->elements_per_block;
  const std::byte* blocks = reader_.blocks(piece.first, piece.n);
  format_.decode(blocks, n_blocks, scratch_.tile);
  if (format_.observe_scales != nullptr) format_.observe_scales(blocks, n_blocks, scales);
  if (format_.observe_codes != nullptr && !fast_) format_.observe_codes(blocks, n_blocks, scratch_.codes);

  Tile tile{};
  tile.values = scratch_.tile;
  tile.count = piece.n;
  tile.first = source_.first_element + piece.first;
  tile.row = piece.first / matrix_.columns - chunk.first_row;
  tile.column = piece.first % matrix_.columns;
  tile.columns = matrix_.columns;
  tile.sparsity_threshold = sparsity_threshold_;
  statistics_.observe_tile(tile, targets);
}

}  // namespace ggufscope
