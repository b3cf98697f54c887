// What value and row observers look at: a run of decoded weights that lies in the L1 cache.
//
// A tile is read once. Every observer has its own sums, `Summing<Statistic>`, and one loop shows each group of sixteen
// weights to all of them, so that arithmetic, conversions and the counters of the histogram keep different parts of
// the processor busy at the same time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ggufscope {

inline constexpr size_t kTileElements = 2048;  // 8 KB of float32; a multiple of every block and of 16 lanes

// Consecutive weights of one segment of a chunk.
struct Piece {
  size_t count;
  uint64_t first;    // index of the first weight in its tensor
  uint64_t row;      // its row, counted from the first row of the chunk
  uint64_t column;   // its column
  uint64_t columns;  // columns of the tensor
  float sparsity_threshold;
};

struct Tile : Piece {   // 1 … kTileElements weights
  const float* values;  // as decoded, in file order
  const float* seen;    // the finite ones, which are nearly always all: then the same array
  size_t seen_count;
};

}  // namespace ggufscope

#if defined(GGUFSCOPE_KERNEL_UNIT)
#include "simd/lanes.h"

namespace ggufscope {
namespace {

// The sums of one statistic, as kernels keep them. What a statistic looks at is told by what its sums can do; `into` is
// the statistic itself or the Target that it has instead (statistics/statistic.h).
//
//   Summing(Into* into, const Piece&)                        before the first group of sixteen weights
//   void add(const Group&, Valid)                            each group, finite weights alone; Valid as below
//
//   values:  void finish(Into* into, const Tile&)            once, into what `into` holds already
//   rows:    void begin_row(uint64_t row, uint64_t column)   before each piece of a row, where it begins; weights that
//            void end_row()                                  are not finite are shown as zeros
//
// Blocks are looked at by `SummingBlocks<Statistic, Format>`, for formats that it exists for:
//
//   SummingBlocks(Into* into)
//   void add_block(const Format::Block&)                     each block
//   void finish()                                            once
//
// Where a format's weights are integers on a line, statistics may take sums of the integers in place of weights or
// blocks, sixteen sub-blocks at a time (kernels/lanes.h). One that does not is shown the decoded weights, or the
// blocks.
//
//   void begin_lanes(const Into&)                            optional, before the first group
//   void add_lanes(const LaneGroup<Format>&)                 each group
//   void finish_lanes(Into* into, const LaneRun<Format>&)    once
//
// Rows may take squares there instead, in float32:
//
//   void add_row(uint64_t row, double total)                     the sum of a piece of a row
//   columns_of(uint64_t row, uint64_t column)                    where a piece begins. The object it returns is shown
//   void add_squares(int i, F32 squares)                         those of the piece's weights i … i + 15, or gives one
//   held<Width>()                                                that keeps sums of so many columns, is shown pieces
//   void finish()                                                below one another, and then adds them, for the
//   uint64_t rows_at_once(uint64_t row)                          rows from one on for which it may
//
// and say of which formats: static constexpr bool may_add_squares(Magnitudes of weights).
template <class Statistic>
struct Summing;
template <class Statistic, class Format>
class SummingBlocks;

struct Group {  // sixteen weights
  F32 value;
  F64 wide;  // the same, converted once for all observers
};

// One code of sixteen sub-blocks: its value in each, and how often it occurs there.
struct Counted {
  F32 value;
  I32 count;
};

struct AllLanes {};

inline F64 only(AllLanes, F64 x) { return x; }
inline F64 only(Mask valid, F64 x) { return select(valid, x, broadcast(0.0)); }
inline Mask only(AllLanes, Mask m) { return m; }
inline Mask only(Mask valid, Mask m) { return valid & m; }
inline F32 only(AllLanes, F32 x, F32) { return x; }
inline F32 only(Mask valid, F32 x, F32 otherwise) { return select(valid, x, otherwise); }

// body(lanes, which of them count): whole groups with AllLanes, so that their code carries no masks, then the rest,
// with zeros in the lanes beyond the end.
template <class Number, class Body>
inline void each_group(const Number* values, size_t count, Body body) {
  const size_t whole = count / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) body(load(values + i), AllLanes{});
  if (whole < count) {
    Number rest[kLanes] = {};
    std::memcpy(rest, values + whole, (count - whole) * sizeof(Number));
    body(load(rest), first_lanes(static_cast<int>(count % kLanes)));
  }
}

}  // namespace
}  // namespace ggufscope
#endif
