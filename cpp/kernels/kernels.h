// The tables that kernel units export. One unit is built per format family × instruction set, and some more per
// instruction set; dispatch.cpp chooses among them, stream/ calls through them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/pairs.h"
#include "kernels/products.h"
#include "statistics/all.h"

namespace ggufscope {

// Groups of sixteen sub-blocks that are observed at once, at most (kernels/fused.h): a few rows of most matrices.
inline constexpr int kGroupsPerPiece = 64;

struct FormatKernels {
  uint32_t type;  // ggml_type
  void (*decode)(const std::byte* blocks, size_t n_blocks, float* out);
  // Shows blocks to the statistics of blocks that the format has; nullptr where it has none.
  void (*observe_blocks)(const std::byte* blocks, size_t n_blocks, const Targets& targets);
  // Shows up to kGroupsPerPiece groups to all statistics, in place of decoding them. Bit i of the result is set where
  // group i is left to the other observers. nullptr where the format does not allow it.
  uint64_t (*observe_fused)(const std::byte* blocks, int groups, const Piece& piece, const Targets& targets);
  size_t group_elements;
  // Where runs count into targets.table, zeros at first, on a cache line: its numbers, and what moves the counts on to
  // the targets they belong to, now and then. Else 0 and nullptr.
  size_t table_size;
  void (*flush_table)(const Targets& targets);
};

struct StatisticsKernels {
  // Shows a tile, whose `seen` and `seen_count` it fills in, to all statistics of values and rows.
  void (*observe_tile)(Tile tile, const Targets& targets);
  // After the last piece of a chunk, where targets.rows.
  void (*finish_rows)(const Targets& targets);
};

// For output that will not be read from a cache.
struct StreamKernels {
  void (*copy)(const float* values, size_t n, float* out);
  void (*end)();  // before another thread may read it
};

struct FamilyKernels {
  const FormatKernels* formats;
  size_t n_formats;
};

// All kernels of one instruction set.
struct IsaKernels {
  const char* isa;
  StatisticsKernels statistics;
  StreamKernels stream;
  const ProductKernels* products;
  const PairKernels* pairs;
  const FamilyKernels* const* families;
  size_t n_families;
};

}  // namespace ggufscope
