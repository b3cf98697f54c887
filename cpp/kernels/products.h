// The kernels of products with vectors. Built once per instruction set.
#pragma once

#include <cstddef>

namespace ggufscope {

/// A few rows against a few vectors, so many that their sums fill the registers.
struct DotKernels {
  size_t rows;
  size_t vectors;
  // Adds w x of a piece of all rows and vectors to their sums, sixteen for each: sums[row][vector][lane]. Rows begin
  // `stride` apart, vectors are interleaved by sixteen elements, count is a multiple of sixteen.
  void (*add)(const float* weights, size_t stride, const float* vectors, size_t count, float* sums);
  float (*fold)(const float* sums);  // of one row and vector
};

/// One piece of a row against one vector.
struct ProductKernels {
  double (*linear)(const float* weights, const double* vector, size_t count);  // Σ w x
  // Σ v w x; left and right may be the same: Σ w² x
  double (*quadratic)(const float* left, const float* right, const double* vector, size_t count);
  DotKernels dots;
};

}  // namespace ggufscope
