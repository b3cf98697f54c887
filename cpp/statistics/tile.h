// What value and row observers look at: a run of decoded weights that lies in the L1 cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ggufscope {

inline constexpr size_t kTileElements = 2048;  // 8 KB of float32; a multiple of every block and of 16 lanes

struct Tile {
  const float* values;  // as decoded, in file order
  size_t count;         // 1 … kTileElements
  // What observers add up: the finite values alone (value statistics), or all with 0 for NaN and Inf (row statistics).
  // The same array as `values` where all are finite, which is nearly always.
  const float* seen;
  size_t seen_count;
  const double* wide;  // `seen` in float64, converted once for all observers
  uint64_t first;      // index of values[0] in its tensor
  uint64_t row;        // its row, counted from the first row of the chunk
  uint64_t column;     // its column
  uint64_t columns;    // columns of the tensor
  float sparsity_threshold;
};

}  // namespace ggufscope

#if defined(GGUFSCOPE_KERNEL_UNIT)
#include "simd/lanes.h"

namespace ggufscope {
namespace {

struct AllLanes {};

inline F64 only(AllLanes, F64 x) { return x; }
inline F64 only(Mask valid, F64 x) { return select(valid, x, broadcast(0.0)); }
inline Mask only(AllLanes, Mask m) { return m; }
inline Mask only(Mask valid, Mask m) { return valid & m; }
inline F32 only(AllLanes, F32 x, F32) { return x; }
inline F32 only(Mask valid, F32 x, F32 otherwise) { return select(valid, x, otherwise); }

// body(lanes, which of them count): whole groups with AllLanes, so that their code carries no masks, then the rest.
template <class Number, class Body>
inline void each_group(const Number* values, size_t count, Body body) {
  const size_t whole = count / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) body(load(values + i), AllLanes{});
  if (whole < count) {
    Number rest[kLanes] = {};
    std::memcpy(rest, values + whole, (count - whole) * sizeof(Number));
    body(load(rest), first_lanes(static_cast<int>(count - whole)));
  }
}

}  // namespace
}  // namespace ggufscope
#endif
