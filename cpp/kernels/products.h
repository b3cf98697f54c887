// The kernels of row products: one tile of a row against one vector. Built once per instruction set.
#pragma once

#include <cstddef>

namespace ggufscope {

struct ProductKernels {
  double (*linear)(const float* weights, const double* vector, size_t count);  // Σ w x
  // Σ v w x; left and right may be the same: Σ w² x
  double (*quadratic)(const float* left, const float* right, const double* vector, size_t count);
};

}  // namespace ggufscope
