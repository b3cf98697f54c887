// Factors beside a matrix, as some formats keep them.
//
//          columns of one factor                     NVFP4, BitNet      one for a matrix, or for each expert
//            ┌───────┬───────┬───┐                   FP8, scaled        one for a matrix, or for each row
//   rows     │ f0    │ f1    │ f2│                   FP8, fine-grained  one for each block of 128 × 128
//   of one   ├───────┼───────┼───┤
//   factor   │ f3    │ f4    │ f5│                   at the ends perhaps of fewer rows and columns
//            └───────┴───────┴───┘
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ggufscope {

struct Factors {
  uint64_t rows = 0;          // of one factor
  uint64_t columns = 0;       // of one factor
  std::vector<float> values;  // row after row; none: all of them are 1

  bool empty() const { return values.empty(); }

  /// Multiplies the decoded numbers of `count` elements from `first` on, of a matrix of that width. Each product is
  /// rounded once.
  void apply(uint64_t width, uint64_t first, size_t count, float* decoded) const;

  /// Whether both give the same factors in the same arrangement; a NaN is the same as itself.
  bool same_as(const Factors& other) const;
};

}  // namespace ggufscope
