// The tables that kernel units export. One unit is built per format family × instruction set, and one with the
// statistics per instruction set; dispatch.cpp chooses among them, engine.cpp calls through them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "statistics/all.h"

namespace ggufscope {

// So many groups of sixteen sub-blocks share a FusedRun (kernels/fused.h).
inline constexpr int kGroupsPerRun = 16;

// Where a run of groups lies, and where what is found goes. Moved on, from group to group, by the kernel.
struct FusedRun {
  Values* values;
  Scales* scales;
  HistogramCounters* histogram;  // nullptr: not wanted, nor are codes and norms
  CodeCounters* codes;
  uint32_t* table;         // where the format has flush_table; in place of the two above
  double* row_squares;     // by row of the chunk; nullptr: no norms
  double* column_squares;  // by column of the tensor
  float* few_rows;         // the same for a few rows, which are not in column_squares yet
  uint64_t few_rows_are;   // which: the row of the chunk / kRowsInFloat
  uint64_t first;          // index of the first weight in its tensor
  uint64_t row;
  uint64_t column;
  uint64_t columns;
  float sparsity_threshold;
};

struct FormatKernels {
  uint32_t type;  // ggml_type
  void (*decode)(const std::byte* blocks, size_t n_blocks, float* out);
  // Block observers; nullptr where the format has no scales or no integer codes.
  void (*observe_scales)(const std::byte* blocks, size_t n_blocks, Scales& scales);
  void (*observe_codes)(const std::byte* blocks, size_t n_blocks, CodeCounters& codes);
  // All statistics of up to kGroupsPerRun groups, in place of decoding them. Bit i of the result is set where group i
  // is left to the other observers. nullptr where the format does not allow it.
  uint32_t (*observe_fused)(const std::byte* blocks, int groups, FusedRun& run);
  size_t group_elements;
  // Where runs count into a table of their own, zeros at first, on a cache line: its numbers, and what takes over what
  // was counted and clears it, now and then. Else 0 and nullptr.
  size_t table_size;
  void (*flush_table)(uint32_t* table, HistogramCounters& histogram, CodeCounters& codes);
};

// Where a tile's statistics go; nullptr: not wanted.
struct TileTargets {
  Values* values;
  HistogramCounters* histogram;
  double* row_squares;     // by row of the chunk
  double* column_squares;  // by column of the tensor
};

struct StatisticsKernels {
  // Fills in what `tile` leaves out (seen, wide) and shows it to every observer of values and rows.
  void (*observe_tile)(Tile tile, const TileTargets& targets);
  // Adds the column sums of a few rows to those of all, and clears them.
  void (*flush_columns)(float* few_rows, double* columns, uint64_t n);
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
  const FamilyKernels* const* families;
  size_t n_families;
};

}  // namespace ggufscope
