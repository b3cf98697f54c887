// One chunk of rows: how it is cut, and how a worker walks through it tile by tile.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "stream/blocks.h"
#include "stream/engine.h"

namespace ggufscope {

struct Chunk {
  size_t source;
  uint64_t first_row;
  uint64_t n_rows;
};

/// What must be merged in file order. Reused from chunk to chunk.
struct ChunkResult {
  std::vector<Values> segments;  // one per head that the chunk touches, or a single one
  CollectionOf<ChunkStatistics> statistics;
};

/// Numbers that are all zero whenever somebody else takes them over. Memory is touched only where something is written:
/// some tables are of many megabytes, of which a tensor uses few.
class ZeroedTable {
 public:
  ZeroedTable() = default;
  ~ZeroedTable() { unmap(); }
  ZeroedTable(const ZeroedTable&) = delete;
  ZeroedTable& operator=(const ZeroedTable&) = delete;

  /// At least `size` zeroed counters, from the beginning of a page on.
  uint32_t* of(size_t size);

 private:
  void unmap();

  uint32_t* counters_ = nullptr;
  size_t size_ = 0;
};

template <class List>
struct TargetsInMemory;
template <class... Statistic>
struct TargetsInMemory<StatisticList<Statistic...>> : TargetOf<Statistic>... {};

/// A worker's own memory. The counters go on counting while chunks belong to the same source.
struct Scratch {
  alignas(64) float tile[kTileElements];
  TargetsInMemory<WorkerStatistics> counters;
  ZeroedTable table;  // that runs of some formats count into
  std::vector<float> column_sums;
  uint64_t observed = 0;  // elements, since this memory was made
  ReaderMemory reader;
};

/// Statistics of rows and columns are vectors in memory; a matrix longer than this in either direction (no model's) has
/// none.
inline constexpr uint64_t kMostNorms = uint64_t{1} << 22;

bool keeps_rows(const BlockMatrix& matrix, bool fast);

/// Whole rows, about a million elements each; depends on shapes alone.
std::vector<Chunk> cut_chunks(std::span<const Source> sources);

class ChunkObserver {
 public:
  /// `way`: see BlockReader::read_ahead_to.
  ChunkObserver(const Source& source, const EngineOptions& options, Scratch& scratch, ReadingWay way);

  /// Called with the bytes just done; false stops the walk.
  using Step = std::function<bool(uint64_t bytes)>;

  /// `whole`: the source's statistics, for those that have their targets there.
  void observe(const Chunk& chunk, Statistics& whole, ChunkResult& result, const Step& step);

 private:
  template <class... Statistic>
  void observe_with(StatisticList<Statistic...>, const Chunk& chunk, Statistics& whole, ChunkResult& result,
                    const Step& step);
  void walk(const Chunk& chunk, ChunkResult& result, Targets& targets, const Step& step);
  void observe_fused(const Piece& piece, const Targets& targets);
  void observe_tile(const Piece& piece, const Targets& targets);
  Piece part(const Piece& piece, size_t skipped, size_t count) const;
  const std::byte* blocks(const Piece& piece);

  // Sums of integers are of weights as decoded: those with factors are looked at one by one.
  bool is_fused() const { return format_.observe_fused != nullptr && matrix_.factors.empty(); }

  const Source& source_;
  const BlockMatrix& matrix_;
  const EngineOptions& options_;
  ReadingWay way_;
  BlockReader reader_;
  const FormatKernels& format_;
  const StatisticsKernels& statistics_;
  Scratch& scratch_;
};

}  // namespace ggufscope
