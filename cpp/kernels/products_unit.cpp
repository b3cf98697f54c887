// Row products, built for one instruction set (GGUFSCOPE_ISA).
//
// Everything is float64: a weight converts without loss, so does the product of two, and the only roundings are those
// of the product with the vector and of the sum. Sixteen lanes are summed in order and folded at the end of a tile.
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

}  // namespace

extern const ProductKernels GGUFSCOPE_FAMILY_KERNELS(products, GGUFSCOPE_ISA);
constinit const ProductKernels GGUFSCOPE_FAMILY_KERNELS(products, GGUFSCOPE_ISA) = {linear, quadratic};

}  // namespace ggufscope
