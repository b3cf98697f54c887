#include "stream/chunks.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <tuple>
#include <utility>

namespace ggufscope {
namespace {

constexpr uint64_t kChunkElements = uint64_t{1} << 20;
constexpr uint64_t kStepElements = kChunkElements / 4;   // after so many a step is reported
constexpr uint64_t kFusedStepElements = kChunkElements;  // of formats that are read faster

// Where kernels put what they find of a statistic that lives as long as a chunk: its Target, or nothing more than
// itself.
template <class Statistic>
struct ChunkTarget {
  TargetOf<Statistic> target;

  ChunkTarget(Statistic& statistic, Statistics& whole, const ChunkShape& shape)
      : target(statistic.target(static_cast<Statistic&>(whole), shape)) {}
  TargetOf<Statistic>* in(Statistic&) { return &target; }
};
template <class Statistic>
  requires(!kHasTarget<Statistic>)
struct ChunkTarget<Statistic> {
  ChunkTarget(Statistic& statistic, Statistics&, const ChunkShape&) { statistic = {}; }
  Statistic* in(Statistic& statistic) { return &statistic; }
};

template <class... Statistic>
void set_each(StatisticList<Statistic...>, Targets& targets, auto& owner) {
  (targets.set<Statistic>(&static_cast<TargetOf<Statistic>&>(owner)), ...);
}

}  // namespace

bool keeps_rows(const BlockMatrix& matrix, bool fast) {
  return !fast && matrix.rows <= kMostNorms && matrix.columns <= kMostNorms;
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

ChunkObserver::ChunkObserver(const Source& source, const EngineOptions& options, Scratch& scratch, ReadingWay way)
    : source_(source),
      matrix_(source.matrix),
      options_(options),
      way_(way),
      reader_(source.matrix, *options.table, scratch.reader),
      format_(reader_.kernels()),
      statistics_(options.table->statistics),
      scratch_(scratch) {}

void ChunkObserver::observe(const Chunk& chunk, Statistics& whole, ChunkResult& result, const Step& step) {
  observe_with(ChunkStatistics{}, chunk, whole, result, step);
}

template <class... Statistic>
void ChunkObserver::observe_with(StatisticList<Statistic...>, const Chunk& chunk, Statistics& whole,
                                 ChunkResult& result, const Step& step) {
  Targets targets{};
  targets.full = !options_.fast;
  targets.rows = keeps_rows(matrix_, options_.fast);
  if (targets.full && is_fused() && format_.table_size > 0) targets.table = scratch_.table.of(format_.table_size);
  ChunkShape shape{chunk.first_row, chunk.n_rows, matrix_.columns, targets.rows, nullptr};
  if (targets.rows && is_fused()) {
    scratch_.column_sums.resize(std::max<size_t>(scratch_.column_sums.size(), matrix_.columns));
    shape.column_sums = scratch_.column_sums.data();
  }
  std::tuple<ChunkTarget<Statistic>...> of_chunk{ChunkTarget<Statistic>(result.statistics, whole, shape)...};
  (targets.set<Statistic>(std::get<ChunkTarget<Statistic>>(of_chunk).in(result.statistics)), ...);
  set_each(WorkerStatistics{}, targets, scratch_.counters);
  walk(chunk, result, targets, step);
}

void ChunkObserver::walk(const Chunk& chunk, ChunkResult& result, Targets& targets, const Step& step) {
  result.segments.clear();
  const uint64_t group = source_.group_rows == 0 ? matrix_.rows : source_.group_rows;
  const uint64_t end = chunk.first_row + chunk.n_rows;
  reader_.read_ahead_to(end * matrix_.columns, way_);
  const bool fused = is_fused();
  const size_t stride = fused ? format_.group_elements * kGroupsPerPiece : kTileElements;
  const uint64_t step_elements = fused ? kFusedStepElements : kStepElements;
  uint64_t elements = 0;
  const auto report = [&] {
    if (targets.table != nullptr) format_.flush_table(targets);
    return step(matrix_.bytes(std::exchange(elements, 0)));
  };
  for (uint64_t row = chunk.first_row; row < end;) {
    const uint64_t segment_end = std::min(end, (row / group + 1) * group);
    set_each(SegmentStatistics{}, targets, result.segments.emplace_back());
    const uint64_t last = segment_end * matrix_.columns;
    for (uint64_t first = row * matrix_.columns; first < last; first += stride) {
      const Piece piece{static_cast<size_t>(std::min<uint64_t>(stride, last - first)),
                        source_.first_element + first,
                        first / matrix_.columns - chunk.first_row,
                        first % matrix_.columns,
                        matrix_.columns,
                        options_.sparsity_threshold};
      fused ? observe_fused(piece, targets) : observe_tile(piece, targets);
      elements += piece.count;
      if (elements >= step_elements && !report()) return;
    }
    row = segment_end;
  }
  if (targets.rows) statistics_.finish_rows(targets);
  report();
}

const std::byte* ChunkObserver::blocks(const Piece& piece) {
  return reader_.blocks(piece.first - source_.first_element, piece.count);
}

Piece ChunkObserver::part(const Piece& piece, size_t skipped, size_t count) const {
  const uint64_t column = piece.column + skipped;
  return {count,           piece.first + skipped,   piece.row + column / matrix_.columns, column % matrix_.columns,
          matrix_.columns, piece.sparsity_threshold};
}

void ChunkObserver::observe_fused(const Piece& piece, const Targets& targets) {
  const size_t group = format_.group_elements;
  const int groups = static_cast<int>(piece.count / group);
  const uint64_t left = format_.observe_fused(blocks(piece), groups, piece, targets);
  for (int i = 0; i < groups; ++i) {
    if ((left >> i & 1U) != 0) observe_tile(part(piece, i * group, group), targets);
  }
  const size_t done = groups * group;
  if (done < piece.count) observe_tile(part(piece, done, piece.count - done), targets);
}

void ChunkObserver::observe_tile(const Piece& piece, const Targets& targets) {
  const size_t n_blocks = piece.count / matrix_.type->elements_per_block;
  const std::byte* from = blocks(piece);
  format_.decode(from, n_blocks, scratch_.tile);
  matrix_.factors.apply(matrix_.columns, piece.first - source_.first_element, piece.count, scratch_.tile);
  if (format_.observe_blocks != nullptr) format_.observe_blocks(from, n_blocks, targets);
  statistics_.observe_tile({piece, scratch_.tile, nullptr, 0}, targets);
}

}  // namespace ggufscope
