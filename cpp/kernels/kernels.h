// The tables that kernel units export. One unit is built per format family × instruction set, and one with the
// statistics per instruction set; dispatch.cpp chooses among them, engine.cpp calls through them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "statistics/all.h"

namespace ggufscope {

struct FormatKernels {
  uint32_t type;  // ggml_type
  void (*decode)(const std::byte* blocks, size_t n_blocks, float* out);
  // Block observers; nullptr where the format has no scales or no integer codes.
  void (*observe_scales)(const std::byte* blocks, size_t n_blocks, Scales& scales);
  void (*observe_codes)(const std::byte* blocks, size_t n_blocks, CodeCounters& codes);
  // A tile's histogram and codes at once, much faster than from each weight; nullptr where the format has no
  // count_codes.
  void (*observe_coded)(const std::byte* blocks, size_t n_blocks, HistogramCounters& histogram, CodeCounters& codes);
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
};

struct FamilyKernels {
  const FormatKernels* formats;
  size_t n_formats;
};

// All kernels of one instruction set.
struct IsaKernels {
  const char* isa;
  StatisticsKernels statistics;
  const FamilyKernels* const* families;
  size_t n_families;
};

}  // namespace ggufscope
