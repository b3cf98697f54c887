// Mean, spread, shape and norms.
//
// Raw power sums lose everything when the mean is far larger than the spread (norm gains), so the powers added up are
// those of deviations from a pivot, the mean of the tile's first sixteen weights. Where that turns out to lie far from
// the mean of all, the tile is read once more, about the mean. Tiles, chunks and tensors are joined by Pébay's update
// formulas (Sandia report SAND2008-6212), in float64.
#pragma once

#include <cmath>
#include <limits>

#include "statistics/field.h"
#include "statistics/tile.h"

namespace ggufscope {

struct Moments {
  double n = 0;
  double mean = 0;
  double mean_rest = 0;  // what rounding left of the mean
  double m2 = 0;         // Σ (w − mean)²
  double m3 = 0;
  double m4 = 0;
  double l1 = 0;  // Σ |w|

  static constexpr bool kFast = true;
  static constexpr FieldInfo kFields[] = {
      {"mean", "number", "mean of the finite elements"},
      {"std", "number", "population standard deviation"},
      {"rms", "number", "root of the mean square"},
      {"l1_norm", "number", "sum of abs(w)"},
      {"l2_norm", "number", "root of the sum of squares (Frobenius norm)"},
      {"skewness", "number", "third standardized central moment"},
      {"kurtosis", "number", "excess: fourth standardized central moment - 3"},
      {"hoyer", "number", "(sqrt(n) - L1/L2) / (sqrt(n) - 1), 0 dense ... 1 sparse (Hoyer 2004)"},
  };

  GGUFSCOPE_SHARED void merge(const Moments& b) {
    if (b.n == 0) return;
    if (n == 0) {
      *this = b;
      return;
    }
    const double total = n + b.n;
    const double delta = (b.mean - mean) + (b.mean_rest - mean_rest);
    const double step = delta / total;
    const double step2 = step * step;
    const double cross = delta * step * n * b.n;  // δ² nₐ n_b / n
    m4 = m4 + b.m4 + cross * step2 * (n * n - n * b.n + b.n * b.n) + 6 * step2 * (n * n * b.m2 + b.n * b.n * m2) +
         4 * step * (n * b.m3 - b.n * m3);
    m3 = m3 + b.m3 + cross * step * (n - b.n) + 3 * step * (n * b.m2 - b.n * m2);
    m2 = m2 + b.m2 + cross;
    move_mean(step * b.n);
    l1 = l1 + b.l1;
    n = total;
  }

  // Where nearly all weights are the same, the means of tiles differ by less than thousands of rounded additions
  // would lose; so what each addition loses (Knuth's TwoSum) is kept.
  GGUFSCOPE_SHARED void move_mean(double by) {
    const double moved = mean + by;
    const double taken = moved - mean;
    const double rest = mean_rest + ((mean - (moved - taken)) + (by - taken));
    mean = moved + rest;
    mean_rest = rest - (mean - moved);
  }

  template <class All>
  void write(const All&, Fields& out) const {
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    const double variance = n == 0 ? nothing : m2 / n;
    const double l2 = std::sqrt(m2 + n * mean * mean);
    const double root = std::sqrt(n);
    out.number("mean", n == 0 ? nothing : mean);
    out.number("std", std::sqrt(variance));
    out.number("rms", n == 0 ? nothing : std::sqrt(variance + mean * mean));
    out.number("l1_norm", n == 0 ? nothing : l1);
    out.number("l2_norm", n == 0 ? nothing : l2);
    out.number("skewness", variance > 0 ? m3 / n / (variance * std::sqrt(variance)) : nothing);
    out.number("kurtosis", variance > 0 ? m4 / n / (variance * variance) - 3 : nothing);
    const double hoyer = (root - l1 / l2) / (root - 1);
    out.number("hoyer", n > 1 && l2 > 0 ? std::fmin(1, std::fmax(0, hoyer)) : nothing);
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

template <>
struct Summing<Moments> {
  double pivot;
  F64 sum1 = broadcast(0.0);  // of the deviations from the pivot, and of their powers
  F64 sum2 = broadcast(0.0);
  F64 sum3 = broadcast(0.0);
  F64 sum4 = broadcast(0.0);
  F64 magnitude = broadcast(0.0);

  explicit Summing(const Tile& tile) : Summing(mean_of_first(tile)) {}
  explicit Summing(double about) : pivot(about) {}

  template <class Valid>
  void add(const Group& group, Valid valid) {
    const F64 deviation = only(valid, group.wide - broadcast(pivot));
    const F64 square = deviation * deviation;
    sum1 = sum1 + deviation;
    sum2 = sum2 + square;
    sum3 = sum3 + square * deviation;
    sum4 = sum4 + square * square;
    magnitude = magnitude + abs(group.wide);  // 0 beyond the end
  }

  // Lanes that were added up elsewhere, Σ … Σ⁴ about the pivot and Σ|w|.
  void add(F64 one, F64 two, F64 three, F64 four, F64 of_magnitudes) {
    sum1 = sum1 + one;
    sum2 = sum2 + two;
    sum3 = sum3 + three;
    sum4 = sum4 + four;
    magnitude = magnitude + of_magnitudes;
  }

  void finish(Moments& moments, const Tile& tile) const {
    finish(moments, tile.seen_count, [&](Summing& again) {
      each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) { again.add({x, to_f64(x)}, valid); });
    });
  }

  // show_all(again): adds every weight once more.
  template <class ShowAll>
  void finish(Moments& moments, uint64_t count, ShowAll show_all) const {
    if (count == 0) return;
    const auto n = static_cast<double>(count);
    const double shift = sum(sum1) / n;
    if (shift * sum(sum1) <= kFarthest * (sum(sum2) - shift * sum(sum1))) {
      moments.merge(about_mean(n, shift));
      return;
    }
    Summing again(pivot + shift);
    show_all(again);
    moments.merge(again.about_mean(n, sum(again.sum1) / n));
  }

 private:
  // How far from the mean, in units of the standard deviation and squared, a pivot may lie: of the sixteen digits that
  // float64 has, the fourth moment then keeps eleven.
  static constexpr double kFarthest = 256;

  static double mean_of_first(const Tile& tile) {
    const size_t n = tile.seen_count < kLanes ? tile.seen_count : kLanes;
    double mean = 0;
    each_group(tile.seen, n, [&](F32 x, auto) { mean = sum(to_f64(x)) / static_cast<double>(n); });
    return mean;
  }

  // The moments about the mean, which is `shift` beyond the pivot.
  Moments about_mean(double n, double shift) const {
    const double s2 = sum(sum2);
    const double s3 = sum(sum3);
    const double offset = shift * sum(sum1);  // n · shift²
    Moments found;
    found.n = n;
    found.mean = pivot;
    found.move_mean(shift);
    const double m2 = s2 - offset;
    found.m2 = m2 > 0 ? m2 : 0;
    found.m3 = s3 - 3 * shift * s2 + 2 * shift * offset;
    found.m4 = sum(sum4) - 4 * shift * s3 + 6 * shift * shift * s2 - 3 * shift * shift * offset;
    found.l1 = sum(magnitude);
    return found;
  }
};

}  // namespace
#endif
}  // namespace ggufscope
