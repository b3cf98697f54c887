// Mean, spread, shape and norms.
//
// The powers added up are those of the weights themselves, which nearly always spread about zero. Raw sums lose
// everything when the mean is far larger than the spread (norm gains): where that turns out, the tile is read once more
// with deviations from a pivot, the mean of its first sixteen weights, and should that lie far from the mean of all, a
// third time. Tiles, chunks and tensors are joined by Pébay's update formulas (Sandia report SAND2008-6212), in
// float64.
#pragma once

#include <cmath>
#include <limits>

#include "statistics/statistic.h"
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

  using Members = MemberList<&Moments::n, &Moments::mean, &Moments::mean_rest, &Moments::m2, &Moments::m3, &Moments::m4,
                             &Moments::l1>;
  static constexpr Lifetime kLifetime = Lifetime::Segment;
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

struct PowerSums {               // of deviations x from a pivot
  F64 total = broadcast(0.0);    // Σx
  F64 squares = broadcast(0.0);  // Σx²
  F64 cubes = broadcast(0.0);    // Σx³
  F64 fourths = broadcast(0.0);  // Σx⁴

  void add(F64 deviation) {
    const F64 square = deviation * deviation;
    total = total + deviation;
    squares = squares + square;
    cubes = cubes + square * deviation;
    fourths = fourths + square * square;
  }

  // Whether the mean lies so near to the pivot, in units of the standard deviation and squared, that of the sixteen
  // digits that float64 has, the fourth moment keeps nine.
  bool near_pivot(double n) const {
    constexpr double kFarthest = 256;
    const double shift = sum(total) / n;
    return shift * sum(total) <= kFarthest * (sum(squares) - shift * sum(total));
  }

  // The moments about the mean. What is not finite stays so.
  Moments about_mean(double n, double pivot, double magnitude) const {
    const double shift = sum(total) / n;
    const double s2 = sum(squares);
    const double s3 = sum(cubes);
    const double offset = shift * sum(total);  // n · shift²
    Moments found;
    found.n = n;
    found.mean = pivot;
    found.move_mean(shift);
    const double m2 = s2 - offset;
    found.m2 = m2 > 0 ? m2 : 0;
    found.m3 = s3 - 3 * shift * s2 + 2 * shift * offset;
    found.m4 = sum(fourths) - 4 * shift * s3 + 6 * shift * shift * s2 - 3 * shift * shift * offset;
    found.l1 = magnitude;
    return found;
  }
};

template <>
struct Summing<Moments> {
  PowerSums powers;
  F64 magnitude = broadcast(0.0);

  Summing(const Moments*, const Piece&) {}

  template <class Valid>
  void add(const Group& group, Valid) {  // beyond the end there are zeros, which add nothing
    powers.add(group.wide);
    magnitude = magnitude + abs(group.wide);
  }

  // It is finite where all weights are.
  double sum_of_magnitudes() const { return sum(magnitude); }

  void finish(Moments* moments, const Tile& tile) const {
    finish(*moments, tile.seen_count, mean_of_first(tile), [&](auto visit) {
      each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) { visit(to_f64(x), valid); });
    });
  }

  template <class Lanes>
  void add_lanes(const Lanes& group) {
    const auto& sums = group.sums();
    powers.total = powers.total + sums.total;
    powers.squares = powers.squares + sums.squares;
    powers.cubes = powers.cubes + sums.cubes;
    powers.fourths = powers.fourths + sums.fourths;
    magnitude = magnitude + sums.magnitudes;
  }
  template <class Run>
  void finish_lanes(Moments* moments, const Run& run) const {
    const double mean = sum(powers.total) / static_cast<double>(run.weights());
    finish(*moments, run.weights(), mean,
           [&](auto visit) { run.each_weight([&](F32 x) { visit(to_f64(x), AllLanes{}); }); });
  }

 private:
  // show_all(visit): visit(F64, which of them count) for every weight once more.
  template <class ShowAll>
  void finish(Moments& moments, uint64_t count, double pivot, ShowAll show_all) const {
    if (count == 0) return;
    const auto n = static_cast<double>(count);
    if (powers.near_pivot(n)) {
      moments.merge(powers.about_mean(n, 0.0, sum(magnitude)));
      return;
    }
    PowerSums again = about(pivot, show_all);
    if (!again.near_pivot(n)) {
      pivot += sum(again.total) / n;
      again = about(pivot, show_all);
    }
    moments.merge(again.about_mean(n, pivot, sum(magnitude)));
  }

  template <class ShowAll>
  static PowerSums about(double pivot, ShowAll show_all) {
    PowerSums sums;
    show_all([&](F64 x, auto valid) { sums.add(only(valid, x - broadcast(pivot))); });
    return sums;
  }

  static double mean_of_first(const Tile& tile) {
    const size_t n = tile.seen_count < kLanes ? tile.seen_count : kLanes;
    double mean = 0;
    each_group(tile.seen, n, [&](F32 x, auto) { mean = sum(to_f64(x)) / static_cast<double>(n); });
    return mean;
  }
};

}  // namespace
#endif
}  // namespace ggufscope
