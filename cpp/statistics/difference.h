// How far a tensor is from its reference, in sums over all pairs (a, b) of a reference's and a model's weight.
//
// Weights are float32; their difference is taken in float64, as are all sums.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "statistics/field.h"
#include "statistics/logarithm.h"
#include "statistics/pair.h"

namespace ggufscope {

struct Difference {
  uint64_t pairs = 0;  // that count
  uint64_t left_out = 0;
  uint64_t equal = 0;
  double error_squares = 0;
  double reference_squares = 0;
  double model_squares = 0;
  double products = 0;
  double errors = 0;
  double largest = 0;  // |b − a|
  uint64_t largest_index = 0;

  using Members = MemberList<&Difference::pairs, &Difference::left_out, &Difference::equal, &Difference::error_squares,
                             &Difference::reference_squares, &Difference::model_squares, &Difference::products,
                             &Difference::errors, &Difference::largest, &Difference::largest_index>;
  static constexpr FieldInfo kFields[] = {
      {"n_elements", "count", "pairs of a reference's weight a and a model's weight b, non-finite ones included"},
      {"non_finite_count", "count", "pairs with a NaN or an Inf, left out of all that follows"},
      {"error_squares", "number", "sum of (b - a)^2"},
      {"reference_squares", "number", "sum of a^2"},
      {"model_squares", "number", "sum of b^2"},
      {"products", "number", "sum of a b"},
      {"error_sum", "number", "sum of b - a"},
      {"nmse", "number", "sum of (b - a)^2 / sum of a^2"},
      {"sqnr_db", "number", "-10 log10(nmse)"},
      {"rmse", "number", "root of the mean of (b - a)^2"},
      {"cosine", "number", "sum of a b / root of (sum of a^2 times sum of b^2)"},
      {"bias", "number", "mean of b - a"},
      {"rescale", "number", "sum of a b / sum of b^2: the factor on b that would err least"},
      {"max_abs_error", "number", "largest abs(b - a)"},
      {"max_abs_error_index", "index", "position of the first pair that reaches max_abs_error", false},
      {"unchanged", "share", "share of b == a among the finite pairs"},
  };

  GGUFSCOPE_SHARED void merge(const Difference& later) {
    const bool nearer = later.largest == largest && later.largest_index < largest_index;
    if (later.pairs > 0 && (pairs == 0 || later.largest > largest || nearer)) {
      largest = later.largest;
      largest_index = later.largest_index;
    }
    pairs += later.pairs;
    left_out += later.left_out;
    equal += later.equal;
    error_squares += later.error_squares;
    reference_squares += later.reference_squares;
    model_squares += later.model_squares;
    products += later.products;
    errors += later.errors;
  }

  template <class All>
  void write(const All&, Fields& out) const {
    constexpr double kTenOverLog2Of10 = 3.0102999566398120;
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    const auto n = static_cast<double>(pairs);
    const double nmse = reference_squares > 0 ? error_squares / reference_squares : nothing;
    out.set("n_elements", pairs + left_out);
    out.set("non_finite_count", left_out);
    out.number("error_squares", error_squares);
    out.number("reference_squares", reference_squares);
    out.number("model_squares", model_squares);
    out.number("products", products);
    out.number("error_sum", errors);
    out.number("nmse", nmse);
    out.number("sqnr_db", nmse > 0 ? -kTenOverLog2Of10 * log2(nmse) : nothing);
    out.number("rmse", pairs > 0 ? std::sqrt(error_squares / n) : nothing);
    out.number("cosine", cosine());
    out.number("bias", errors / n);
    out.number("rescale", products / model_squares);
    out.number("max_abs_error", pairs > 0 ? largest : nothing);
    pairs > 0 ? out.set("max_abs_error_index", largest_index) : out.set("max_abs_error_index", std::monostate{});
    out.share("unchanged", equal, pairs);
  }

 private:
  // Rounding takes weights that are equal, or almost, no further than 1.
  double cosine() const {
    const double cosine = products / (std::sqrt(reference_squares) * std::sqrt(model_squares));
    return error_squares == 0 && reference_squares > 0 ? 1.0 : std::clamp(cosine, -1.0, 1.0);
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

template <>
struct Pairing<Difference> {
  const PairTile& tile;
  PairTarget<Difference> target;
  PairRow sums = {};
  F64 errors = broadcast(0.0);
  F64 largest = broadcast(0.0);
  I32 equals = broadcast(0);

  Pairing(const PairTile& of, PairTarget<Difference> into) : tile(of), target(into) {}

  template <class Valid>
  void add_pair(const PairGroup& pair, Valid valid) {
    errors = errors + pair.error;
    largest = max(abs(pair.error), largest);
    equals = increment(equals, only(valid, equal(pair.reference, pair.model)));
  }

  void end_row(uint64_t, const PairRow& row) {
    sums.error_squares += row.error_squares;
    sums.reference_squares += row.reference_squares;
    sums.model_squares += row.model_squares;
    sums.products += row.products;
  }

  void finish(uint64_t left_out) const {
    Difference& to = *target.to;
    Difference seen{tile.count - left_out, left_out,      sum(equals), sums.error_squares, sums.reference_squares,
                    sums.model_squares,    sums.products, sum(errors), highest(largest),   tile.first};
    if (seen.pairs > 0 && (to.pairs == 0 || seen.largest > to.largest)) seen.largest_index = place(seen.largest);
    to.merge(seen);
  }

 private:
  // Looked up only where a tile sets a new record, which is rare after the first few.
  uint64_t place(double error) const {
    for (size_t i = 0; i < tile.count; ++i) {
      const double difference = static_cast<double>(tile.model[i]) - static_cast<double>(tile.reference[i]);
      // An Inf or NaN never equals a finite error.
      if (__builtin_fabs(difference) == error) return tile.first + i;
    }
    return tile.first;  // not reached: the error was found among these pairs
  }
};

}  // namespace
#endif
}  // namespace ggufscope
