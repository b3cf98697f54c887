// Products of matrices with vectors: of blocks as of decoded weights, the same bits on every instruction set, and no
// further from the sum of products than rounding may take them.
//
//   type left │ type right │ rows │ columns, two bytes │ how, a byte │ length of each matrix's blocks, two bytes each │
//   blocks of left │ of right │ elements of vectors, a byte each, repeated
#include "stream/products.h"

#include <cmath>
#include <limits>
#include <string>

#include "fuzz/matrices.h"
#include "fuzz/same.h"
#include "stream/dequantize.h"
#include "stream/multiply.h"

namespace ggufscope {
namespace {

enum How : uint8_t { kUnaligned = 1, kSpecial = 2 };
constexpr size_t kVectors = 5;  // more than a kernel takes at once, and not a multiple of that

double element_of(std::byte byte, bool special) {
  if (special && byte == std::byte{0x80}) return std::numeric_limits<double>::quiet_NaN();
  if (special && byte == std::byte{0x7F}) return std::numeric_limits<double>::infinity();
  if (special && byte == std::byte{0x7E}) return 0x1p+100;
  return std::to_integer<int8_t>(byte) / 16.0;
}

std::vector<double> take_vectors(Input& input, uint64_t columns, bool special) {
  const auto pattern = input.rest();
  std::vector<double> vectors(kVectors * columns);
  for (size_t i = 0; i < vectors.size() && !pattern.empty(); ++i) {
    vectors[i] = element_of(pattern[i % pattern.size()], special);
  }
  return vectors;
}

std::vector<float> weights_of(const BlockMatrix& matrix) {
  std::vector<float> weights(matrix.rows * matrix.columns);
  dequantize(matrix, 1, kernels("generic"), weights.data());
  return weights;
}

/// left · x of each vector, then (left ∘ right) · x.
std::vector<double> products_of(const BlockMatrix& left, const BlockMatrix* right, const std::vector<double>& vectors,
                                const KernelTable& table) {
  std::vector<double> results(2 * kVectors * left.rows);
  double* quadratic = results.data() + kVectors * left.rows;
  row_products({left, right == nullptr ? left : *right, right == nullptr, vectors.data(), vectors.data(),
                results.data(), quadratic, kVectors, kVectors},
               1, table);
  return results;
}

std::vector<float> multiplied(const BlockMatrix& matrix, const std::vector<float>& vectors, size_t n_vectors,
                              const KernelTable& table) {
  std::vector<float> results(n_vectors * matrix.rows);
  multiply_few({matrix, vectors.data(), n_vectors, results.data()}, 1, table);
  return results;
}

// |result − Σ| ≤ (n + 1) ε Σ|terms|, and what is lost below the smallest number, for any order of the sum (Higham 2002,
// 3.5). Says nothing where a sum is not finite.
template <class Number>
void require_near(Number result, long double sum, long double magnitudes, uint64_t n, const std::string& where) {
  using Limits = std::numeric_limits<Number>;
  if (!std::isfinite(result) || magnitudes > static_cast<long double>(Limits::max())) return;
  const auto terms = static_cast<long double>(2 * n + 64);
  const long double bound = terms * (Limits::epsilon() * magnitudes + Limits::denorm_min());
  require(std::fabs(static_cast<long double>(result) - sum) <= bound, "products near their sum", where);
}

/// Holds a result for each vector and row to the sum of its terms, weights times elements.
template <class Number>
void require_near_sums(const std::vector<float>& weights, Shape shape, const std::vector<double>& vectors,
                       const Number* results, const std::string& where) {
  for (size_t vector = 0; vector < kVectors; ++vector) {
    for (uint64_t row = 0; row < shape.rows; ++row) {
      long double sum = 0;
      long double magnitudes = 0;
      for (uint64_t column = 0; column < shape.columns; ++column) {
        const long double term = static_cast<long double>(weights[row * shape.columns + column]) *
                                 static_cast<long double>(vectors[vector * shape.columns + column]);
        sum += term;
        magnitudes += std::fabs(term);
      }
      if (std::isfinite(magnitudes)) {
        require_near(results[vector * shape.rows + row], sum, magnitudes, shape.columns, where);
      }
    }
  }
}

void run_products(const BlockMatrix& left, const BlockMatrix& right, const std::vector<double>& vectors,
                  const std::string& where) {
  const KernelTable& generic = kernels("generic");
  const std::vector<float> weights = weights_of(left);
  const std::vector<float> other_weights = weights_of(right);
  const BlockMatrix plain = plain_matrix(weights, left);
  const BlockMatrix other_plain = plain_matrix(other_weights, right);
  const std::vector<double> expected = products_of(left, &right, vectors, generic);
  const std::vector<double> squares = products_of(left, nullptr, vectors, generic);
  require_near_sums(weights, {left.rows, left.columns}, vectors, expected.data(), where);
  for (const std::string_view isa : available_isas()) {
    const KernelTable& table = kernels(isa);
    const std::string here = concat(where, ", ", isa);
    require_same(expected, products_of(left, &right, vectors, table), here);
    require_same(expected, products_of(plain, &other_plain, vectors, table), here + ", decoded before");
    require_same(squares, products_of(left, nullptr, vectors, table), here + ", squares");
    require_same(squares, products_of(plain, &plain, vectors, table), here + ", squares, decoded before");
  }
}

void run_multiply(const BlockMatrix& matrix, const std::vector<double>& vectors, const std::string& where) {
  const std::vector<float> narrow(vectors.begin(), vectors.end());
  const std::vector<float> weights = weights_of(matrix);
  const BlockMatrix plain = plain_matrix(weights, matrix);
  const std::vector<float> expected = multiplied(matrix, narrow, kVectors, kernels("generic"));
  require_near_sums(weights, {matrix.rows, matrix.columns}, {narrow.begin(), narrow.end()}, expected.data(), where);
  const std::vector<float> first(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(matrix.rows));
  for (const std::string_view isa : available_isas()) {
    const KernelTable& table = kernels(isa);
    const std::string here = concat(where, ", ", isa);
    require_same(expected, multiplied(matrix, narrow, kVectors, table), here);
    require_same(expected, multiplied(plain, narrow, kVectors, table), here + ", decoded before");
    require_same(first, multiplied(matrix, narrow, 1, table), here + ", one vector");
  }
}

void run(Input input) {
  const TypeInfo& type_left = take_type(input);
  const TypeInfo& type_right = take_type(input);
  // Blocks have 1 element or a power of two.
  const Shape shape = take_shape(input, std::max(type_left.elements_per_block, type_right.elements_per_block));
  const uint8_t how = input.byte();
  const size_t left_size = input.word();
  const size_t right_size = input.word();
  const MadeMatrix left(type_left, shape, input.take(left_size), (how & kUnaligned) == 0);
  const MadeMatrix right(type_right, shape, input.take(right_size), true);
  const std::vector<double> vectors = take_vectors(input, shape.columns, (how & kSpecial) != 0);
  run_products(left.matrix(), right.matrix(), vectors, concat(type_left.name, " and ", type_right.name));
  run_multiply(left.matrix(), vectors, type_left.name);
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({data, size});
  return 0;
}
