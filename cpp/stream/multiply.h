// The product of a matrix with a few vectors at once, in float32: one token each, of a model that is being run.
//
//   stripe of rows, piece of columns:  blocks ──decode──▶ a few rows in L1 ──▶ × every vector ──▶ sixteen partial sums
//                                                                               for each row and vector
// Where vectors are many, BLAS is faster on decoded tiles.
//
// A product's sum has one order whatever rows and vectors it is computed with: the same bits for any number of threads
// and any instruction set, NaN payloads aside.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stream/blocks.h"

namespace ggufscope {

struct MultiplyTask {
  BlockMatrix matrix;
  const float* vectors;  // one behind the other, each of `columns` elements
  size_t n_vectors;
  float* results;  // one behind the other, each of `rows` elements
};

/// threads ≥ 1; what takes no longer than to decode 4 MB of float32 is done by the calling thread alone.
void multiply_few(const MultiplyTask& task, int threads, const KernelTable& table);

}  // namespace ggufscope
