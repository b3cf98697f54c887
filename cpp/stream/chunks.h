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
  Scales scales;
  std::vector<double> column_squares;
};

/// Counters that are all zero whenever another format takes them over. Memory is touched only where something counts:
/// some tables are of many megabytes, of which a tensor uses few.
class ZeroedTable {
 public:
  ZeroedTable() = default;
  ~ZeroedTable() { unmap(); }
  ZeroedTable(const ZeroedTable&) = delete;
  ZeroedTable& operator=(const ZeroedTable&) = delete;

  /// At least `size` counters, from the beginning of a page on.
  uint32_t* of(size_t size);

 private:
  void unmap();

  uint32_t* counters_ = nullptr;
  size_t size_ = 0;
};

/// A worker's own memory. The counters go on counting while chunks belong to the same source.
struct Scratch {
  alignas(64) float tile[kTileElements];
  HistogramCounters histogram;
  CodeCounters codes;
  ZeroedTable table;            // that runs of some formats count into
  std::vector<float> few_rows;  // squares by column, in float32 (statistics/norms.h)
  ReaderMemory reader;
  uint64_t observed = 0;  // elements, since this memory was made
};

/// Row and column norms are vectors in memory; a matrix longer than this in either direction (no model's) has none.
inline constexpr uint64_t kMaxNorms = uint64_t{1} << 22;

bool wants_norms(const BlockMatrix& matrix, bool fast);

/// Whole rows, about a million elements each; depends on shapes alone.
std::vector<Chunk> cut_chunks(std::span<const Source> sources);

class ChunkObserver {
 public:
  ChunkObserver(const Source& source, const KernelTable& table, bool fast, float sparsity_threshold, Scratch& scratch);

  /// Called with the bytes just done; false stops the walk.
  using Step = std::function<bool(uint64_t bytes)>;

  /// `row_squares`: one sum per row of the chunk, zero at the start; nullptr without row norms.
  void observe(const Chunk& chunk, double* row_squares, ChunkResult& result, const Step& step);

 private:
  // A piece of a chunk: n weights from `first` on, both counted in the source.
  struct Piece {
    uint64_t first;
    size_t n;
  };

  FusedRun fused_run(double* row_squares, ChunkResult& result);
  void observe_fused(const Chunk& chunk, Piece piece, FusedRun& run, const TileTargets& targets, Scales& scales);
  void observe_tile(const Chunk& chunk, Piece piece, const TileTargets& targets, Scales& scales);

  const Source& source_;
  const BlockMatrix& matrix_;
  BlockReader reader_;
  const FormatKernels& format_;
  const StatisticsKernels& statistics_;
  bool fast_;
  float sparsity_threshold_;
  Scratch& scratch_;
};

}  // namespace ggufscope
