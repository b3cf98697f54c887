// Streams the tensors of two files side by side and gathers what pair statistics say of them.
//
//   reference ─┐                    ┌─▶ tile a ─┐
//              ├─ chunks of rows ──▶│           ├─▶ pair statistics ──append, in file order──▶ one result per pair
//   model     ─┘  cut by the shape  └─▶ tile b ─┘
//
// Two readers decode the same rows, of whatever types and byte orders, into two tiles. The result has the same bits for
// any number of threads and any instruction set.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/dispatch.h"
#include "statistics/all.h"
#include "stream/blocks.h"

namespace ggufscope {

/// Matrices of the same shape.
struct MatrixPair {
  BlockMatrix reference;
  BlockMatrix model;
  uint64_t first_element;  // its position in the tensor, for the index of the largest error
};

struct PairOptions {
  int threads = 1;
  const KernelTable* table = nullptr;
  /// Called now and then in the calling thread with the bytes done so far, those of both files; may throw to cancel.
  std::function<void(uint64_t)> progress;
};

struct PairObservation {
  PairStatistics statistics;
  bool identical = true;  // the same blocks of one type, with the same factors; such blocks are decoded once
};

/// One result per pair, in their order. Throws std::invalid_argument where shapes differ.
std::vector<PairObservation> observe_pairs(std::span<const MatrixPair> pairs, const PairOptions& options);

}  // namespace ggufscope
