// Products of a matrix's rows with given vectors: what a linear map does to the means and variances of its input.
//
//   blocks ──decode──▶ a tile of one row in L1 ──▶ Σ w x   and   Σ v w y   for every x and every y
//
// Rows are independent, each is summed tile by tile in one order: the same bits for any number of threads and any
// instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stream/blocks.h"

namespace ggufscope {

/// Matrices of one shape. Vectors lie one behind the other, each of `columns` elements; results too, each of `rows`.
struct ProductTask {
  BlockMatrix left;
  BlockMatrix right;          // where `squares` is not set
  bool squares;               // right is left
  const double* linear;       // n_linear vectors x
  const double* quadratic;    // n_quadratic vectors y
  double* linear_results;     // left · x
  double* quadratic_results;  // (left ∘ right) · y
  size_t n_linear;
  size_t n_quadratic;
};

/// threads ≥ 1; matrices of less than 4 MB as float32 are done by the calling thread alone.
void row_products(const ProductTask& task, int threads, const KernelTable& table);

}  // namespace ggufscope
