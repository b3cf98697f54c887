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

struct Tile {
  const float* values;  // as decoded, in file order
  size_t count;         // 1 … kTileElements
  const float* seen;    // the finite ones, which are nearly always all: then the same array
  size_t seen_count;
  uint64_t first;    // index of values[0] in its tensor
  uint64_t row;      // its row, counted from the first row of the chunk
  uint64_t column;   // its column
  uint64_t columns;  // columns of the tensor
  float sparsity_threshold;
};

}  // namespace ggufscope

#if defined(GGUFSCOPE_KERNEL_UNIT)
#include "simd/lanes.h"

namespace ggufscope {
namespace {

// The sums of one statistic over a tile:
//
//   Summing(const Tile&)                      before the first group
//   void add(const Group&, Valid)             for each group; Valid as below
//   void add(const Counted&)                  instead, where a format counts its codes (formats/format.h)
//   void finish(Statistic&, const Tile&)      once, into what the statistic holds already
template <class Statistic>
struct Summing;

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
