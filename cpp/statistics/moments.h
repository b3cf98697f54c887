// Mean, spread, shape and norms.
//
// Raw power sums lose everything when the mean is far larger than the spread (norm gains), so each tile is read
// twice: its mean first, then the powers of the deviations. Tiles, chunks and tensors are joined by Pébay's update
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

inline void observe(Moments& moments, const Tile& tile) {
  if (tile.seen_count == 0) return;
  F64 total = broadcast(0.0);
  F64 magnitude = broadcast(0.0);
  each_group(tile.wide, tile.seen_count, [&](F64 x, auto) {  // lanes beyond the end are 0
    total = total + x;
    magnitude = magnitude + abs(x);
  });
  Moments found;
  found.n = static_cast<double>(tile.seen_count);
  found.mean = sum(total) / found.n;
  found.l1 = sum(magnitude);

  const F64 mean = broadcast(found.mean);
  F64 square = broadcast(0.0);
  F64 cube = broadcast(0.0);
  F64 fourth = broadcast(0.0);
  each_group(tile.wide, tile.seen_count, [&](F64 x, auto valid) {
    const F64 deviation = only(valid, x - mean);
    const F64 squared = deviation * deviation;
    square = square + squared;
    cube = cube + squared * deviation;
    fourth = fourth + squared * squared;
  });
  found.m2 = sum(square);
  found.m3 = sum(cube);
  found.m4 = sum(fourth);
  moments.merge(found);
}

}  // namespace
#endif
}  // namespace ggufscope
