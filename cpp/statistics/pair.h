// What pair statistics look at: a run of weights of a reference and of a model, both decoded, side by side in the
// cache.
//
//   reference ──decode──▶ tile a ─┐
//                                 ├─▶ sixteen pairs at a time ──▶ every pair statistic's sums
//   model     ──decode──▶ tile b ─┘
//
// Pairs in which a or b is NaN or Inf are counted by whoever wants to know (`left_out`) and shown as two zeros, so that
// one broken weight does not void what all others say.
#pragma once

#include <cstddef>
#include <cstdint>

#include "statistics/tile.h"

namespace ggufscope {

struct PairTile {
  const float* reference;
  const float* model;
  size_t count;      // 1 … kTileElements
  uint64_t first;    // index of the first pair in its tensor
  uint64_t row;      // its row, counted from the first row of the chunk
  uint64_t column;   // its column
  uint64_t columns;  // columns of the tensor
};

// Where a kernel puts what it has summed: the statistic itself or, where that holds vectors, its `Target` of pointers,
// because kernel units must not touch what the standard library shares with other units.
template <class Statistic>
struct PairTarget {
  Statistic* to;
};
template <class Statistic>
  requires requires { typename Statistic::Target; }
struct PairTarget<Statistic> {
  typename Statistic::Target to;
};

template <class Statistics>
struct PairTargets;

}  // namespace ggufscope

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace ggufscope {
namespace {

struct PairGroup {  // sixteen pairs
  F32 reference;
  F32 model;
  F64 error;  // model − reference in float64, rounded once
  F64 error_squares;
  F64 reference_squares;
  int count;  // lanes before the end of the row; those behind it are zeros
};

struct PairRow {  // sums over a row's piece, taken once for all statistics
  double error_squares;
  double reference_squares;
  double model_squares;
  double products;
};

// The sums of one pair statistic over a tile:
//
//   Pairing(const PairTile&, PairTarget<Statistic>)
//   void begin_row(row, column)                  where the statistic wants to know; before the pairs of a row's piece
//   void add_pair(const PairGroup&, Valid)       Valid: AllLanes, or the mask of the pairs that count
//   void end_row(row, const PairRow&)            as begin_row
//   void finish(uint64_t left_out)               once, into what the target holds already
template <class Statistic>
struct Pairing;

}  // namespace
}  // namespace ggufscope
#endif
