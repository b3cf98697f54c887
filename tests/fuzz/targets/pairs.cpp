// Weights of two types beside one another: the same bits on every instruction set, of decoded weights as of blocks, and
// the facts that hold for any pair.
//
//   type a │ type b │ rows │ columns, two bytes │ how, a byte │ length of a's blocks, two bytes │ blocks of a │ of b
#include "stream/pairs.h"

#include <cmath>
#include <cstring>
#include <string>

#include "fuzz/matrices.h"
#include "fuzz/same.h"
#include "stream/dequantize.h"

namespace ggufscope {
namespace {

enum How : uint8_t { kUnaligned = 1, kThreads = 2, kSwapped = 4 };

std::vector<PairObservation> compare(const std::vector<MatrixPair>& pairs, const KernelTable& table, int threads = 1) {
  PairOptions options;
  options.table = &table;
  options.threads = threads;
  return observe_pairs(pairs, options);
}

std::vector<float> weights_of(const BlockMatrix& matrix) {
  std::vector<float> weights(matrix.rows * matrix.columns);
  dequantize(matrix, 1, kernels("generic"), weights.data());
  return weights;
}

const double& number(const Fields& fields, const char* name) {
  const auto* value = value_of<double>(fields, name);
  if (value == nullptr) fail("a field is defined", name);
  return *value;
}

uint64_t count(const Fields& fields, const char* name) {
  const auto* value = value_of<uint64_t>(fields, name);
  if (value == nullptr) fail("a field is defined", name);
  return *value;
}

// Counts and the largest error, from the weights alone.
void require_plain_facts(const Fields& fields, const std::vector<float>& a, const std::vector<float>& b,
                         const std::string& where) {
  uint64_t left_out = 0;
  uint64_t equal = 0;
  double largest = 0;
  uint64_t largest_index = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      ++left_out;
      continue;
    }
    equal += a[i] == b[i] ? 1 : 0;
    const double error = std::fabs(static_cast<double>(b[i]) - static_cast<double>(a[i]));
    if (error > largest) {
      largest = error;
      largest_index = i;
    }
  }
  require(count(fields, "n_elements") == a.size(), "every pair is counted", where);
  require(count(fields, "non_finite_count") == left_out, "every pair without a number is counted", where);
  if (left_out == a.size()) return;
  require(number(fields, "max_abs_error") == largest, "the largest error", where);
  if (largest > 0) require(count(fields, "max_abs_error_index") == largest_index, "its first place", where);
  const auto finite = static_cast<double>(a.size() - left_out);
  require(number(fields, "unchanged") == static_cast<double>(equal) / finite, "the share of equal weights", where);
}

void require_no_error(const Fields& fields, const std::string& where) {
  if (count(fields, "n_elements") == count(fields, "non_finite_count")) return;
  require(number(fields, "error_squares") == 0.0, "a matrix is its own pair without an error", where);
  require(number(fields, "max_abs_error") == 0.0, "a matrix is its own pair without an error", where);
  require(number(fields, "unchanged") == 1.0, "a matrix is its own pair without an error", where);
}

// Of what is the same whichever of the two is the reference.
void require_symmetric(const Fields& one, const Fields& other, const std::string& where) {
  for (const auto& [name, value] : one.values()) {
    const bool turns = name == "reference_squares" || name == "model_squares";
    const bool stays = name == "n_elements" || name == "non_finite_count" || name == "error_squares" ||
                       name == "products" || name == "cosine" || name == "max_abs_error" ||
                       name == "max_abs_error_index" || name == "unchanged" || name == "row_error_squares" ||
                       name == "column_error_squares";
    if (!turns && !stays) continue;
    const std::string counterpart = !turns ? name : name == "model_squares" ? "reference_squares" : "model_squares";
    for (const auto& [field, opposite] : other.values()) {
      if (field == counterpart) require(is_same(value, opposite), "a pair turned around", concat(where, ": ", name));
    }
  }
}

bool are_identical(const BlockMatrix& a, const BlockMatrix& b) {
  return a.type == b.type && a.swapped == b.swapped && std::memcmp(a.memory, b.memory, a.size()) == 0;
}

void run_pair(const BlockMatrix& a, const BlockMatrix& b, uint8_t how, const std::string& where) {
  const std::vector<float> weights_a = weights_of(a);
  const std::vector<float> weights_b = weights_of(b);
  const BlockMatrix plain_a = plain_matrix(weights_a, a);
  const BlockMatrix plain_b = plain_matrix(weights_b, b);
  const std::vector<MatrixPair> pairs = {{a, b, 0}, {b, a, 0}, {a, a, 0}, {b, b, 0}, {plain_a, plain_b, 0}};
  std::vector<Fields> expected;
  std::vector<bool> identical;
  for (const PairObservation& observation : compare(pairs, kernels("generic"))) {
    expected.push_back(observation.statistics.fields());
    identical.push_back(observation.identical);
  }
  require(identical[2] && identical[3], "a matrix is identical with itself", where);
  require(identical[0] == are_identical(a, b) && identical[0] == identical[1], "equal blocks of one form", where);
  require_plain_facts(expected[0], weights_a, weights_b, where);
  require_symmetric(expected[0], expected[1], where);
  require_no_error(expected[2], where);
  require_no_error(expected[3], where);
  require_same(expected[0], expected[4], where + ", decoded before");
  for (const std::string_view isa : available_isas()) {
    const auto observations = compare(pairs, kernels(isa), (how & kThreads) == 0 ? 1 : 3);
    for (size_t i = 0; i < pairs.size(); ++i) {
      const std::string here = concat(where, ", ", isa, ", pair ", i);
      require_same(expected[i], observations[i].statistics.fields(), here);
      require(identical[i] == observations[i].identical, "the same blocks are identical", here);
    }
  }
}

void run(Input input) {
  const TypeInfo& type_a = take_type(input);
  const TypeInfo& type_b = take_type(input);
  // Blocks have 1 element or a power of two.
  const Shape shape = take_shape(input, std::max(type_a.elements_per_block, type_b.elements_per_block));
  const uint8_t how = input.byte();
  const auto pattern = input.take(input.word());
  const MadeMatrix a(type_a, shape, pattern, (how & kUnaligned) == 0);
  const MadeMatrix b(type_b, shape, input.rest(), true);
  const std::string where = concat(type_a.name, " and ", type_b.name);
  if ((how & kSwapped) != 0 && type_b.swap_bytes != nullptr) {
    const MadeMatrix swapped = b.swapped();
    run_pair(a.matrix(), swapped.matrix(), how, where + ", swapped");
  } else {
    run_pair(a.matrix(), b.matrix(), how, where);
  }
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({data, size});
  return 0;
}
