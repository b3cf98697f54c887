// Products with vectors, built for one instruction set (GGUFSCOPE_ISA).
//
// Those of single vectors are float64: a weight converts without loss, so does the product of two, and the only
// roundings are those of the product with the vector and of the sum. Sixteen lanes are summed in order and folded at
// the end of a tile. Those of a few vectors at once are float32, each multiplied and added with one rounding.
#include "kernels/names.h"
#include "kernels/products.h"
#include "simd/lanes.h"

namespace ggufscope {
namespace {

// What is left of a tile after its whole groups, with zeros behind it.
template <class Number>
auto load_rest(const Number* values, size_t count) {
  Number rest[kLanes] = {};
  std::memcpy(rest, values, count * sizeof(Number));
  return load(rest);
}

double linear(const float* weights, const double* vector, size_t count) {
  F64 total = broadcast(0.0);
  const size_t whole = count / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) total = total + to_f64(load(weights + i)) * load(vector + i);
  if (whole < count) {
    total = total + to_f64(load_rest(weights + whole, count - whole)) * load_rest(vector + whole, count - whole);
  }
  return sum(total);
}

double quadratic(const float* left, const float* right, const double* vector, size_t count) {
  F64 total = broadcast(0.0);
  const size_t whole = count / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    total = total + to_f64(load(left + i)) * to_f64(load(right + i)) * load(vector + i);
  }
  if (whole < count) {
    const size_t rest = count - whole;
    total = total + to_f64(load_rest(left + whole, rest)) * to_f64(load_rest(right + whole, rest)) *
                        load_rest(vector + whole, rest);
  }
  return sum(total);
}

// ---- a few rows × a few vectors
//
//              x0   x1   x2   x3      A vector read once meets every row, a row read once every vector: in registers,
//        w0     Σ    Σ    Σ    Σ      ten numbers are read for 24 products. Each Σ is a register of sixteen sums, and
//        w1     Σ    Σ    Σ    Σ      they alone fill most of AVX-512's; other sets have room for one vector, and seven
//        …                            numbers are read for six products.

#if defined(GGUFSCOPE_ISA_AVX512) || defined(GGUFSCOPE_ISA_AVX512ICL)
constexpr size_t kDotRows = 6, kDotVectors = 4;
#else
constexpr size_t kDotRows = 6, kDotVectors = 1;
#endif

void add_dots(const float* weights, size_t stride, const float* vectors, size_t count, float* sums) {
  F32 totals[kDotRows][kDotVectors];
  for (auto& row : totals) {
    for (auto& total : row) total = broadcast(0.0F);
  }
  for (size_t i = 0; i < count; i += kLanes, vectors += kDotVectors * kLanes) {
    F32 x[kDotVectors];
    for (size_t vector = 0; vector < kDotVectors; ++vector) x[vector] = load(vectors + vector * kLanes);
    for (size_t row = 0; row < kDotRows; ++row) {
      const F32 w = load(weights + row * stride + i);
      for (size_t vector = 0; vector < kDotVectors; ++vector) {
        totals[row][vector] = multiply_add(w, x[vector], totals[row][vector]);
      }
    }
  }
  for (const auto& row : totals) {
    for (const auto& total : row) {
      store(sums, load(sums) + total);
      sums += kLanes;
    }
  }
}

float fold_dots(const float* sums) { return static_cast<float>(sum(to_f64(load(sums)))); }

}  // namespace

extern const ProductKernels GGUFSCOPE_FAMILY_KERNELS(products, GGUFSCOPE_ISA);
constinit const ProductKernels GGUFSCOPE_FAMILY_KERNELS(products, GGUFSCOPE_ISA) = {
    linear, quadratic, {kDotRows, kDotVectors, add_dots, fold_dots}};

}  // namespace ggufscope
