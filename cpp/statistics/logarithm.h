// Logarithms of the same bits on every machine.
#pragma once

#include <cmath>

namespace ggufscope {

// From basic operations alone: the last bit of std::log2 depends on the library, and in glibc on whether the CPU has
// fused multiply-adds (for 530 of a million arguments n / 10⁶). ln m = 2 artanh s, whose series is cut where terms
// are beyond the last bit.
inline double log2(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0.7071) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);  // |s| < 0.172
  double series = 0;
  for (int k = 21; k > 0; k -= 2) series = series * (s * s) + 1.0 / k;
  constexpr double kTwoOverLn2 = 2.8853900817779268;
  return exponent + series * s * kTwoOverLn2;
}

}  // namespace ggufscope
