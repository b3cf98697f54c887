// The multipliers of the codes, one per sub-block of a quantized tensor.
#pragma once

#include "statistics/field.h"
#include "statistics/tile.h"

namespace ggufscope {

struct Scales {
  uint64_t count = 0;
  uint64_t zero = 0;
  uint64_t non_finite = 0;
  double total = 0;
  float min = __builtin_inff();
  float max = -__builtin_inff();

  static constexpr bool kFast = true;
  static constexpr FieldInfo kFields[] = {
      {"block_scale_min", "number", "smallest finite decoded scale of a sub-block"},
      {"block_scale_max", "number", "largest finite decoded scale of a sub-block"},
      {"block_scale_mean", "number", "mean of the finite scales"},
      {"block_scale_zero_fraction", "share", "share of sub-blocks with scale 0"},
      {"block_scale_nonfinite_fraction", "share", "share of sub-blocks with scale NaN or Inf"},
  };

  GGUFSCOPE_SHARED void merge(const Scales& later) {
    count += later.count;
    zero += later.zero;
    non_finite += later.non_finite;
    total += later.total;
    min = later.min < min ? later.min : min;
    max = later.max > max ? later.max : max;
  }

  template <class All>
  void write(const All&, Fields& out) const {
    if (count == 0) return;
    const uint64_t finite = count - non_finite;
    out.number("block_scale_min", min);
    out.number("block_scale_max", max);
    out.number("block_scale_mean", total / static_cast<double>(finite));
    out.share("block_scale_zero_fraction", zero, count);
    out.share("block_scale_nonfinite_fraction", non_finite, count);
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

inline void observe(Scales& scales, const float* values, size_t n) {
  const F32 infinity = broadcast(__builtin_inff());
  const F32 minus_infinity = broadcast(-__builtin_inff());
  uint64_t finite_count = 0;
  uint64_t zero = 0;
  F64 total = broadcast(0.0);
  F32 low = infinity;
  F32 high = minus_infinity;
  each_group(values, n, [&](F32 x, auto valid) {
    const Mask finite = only(valid, less(abs(x), infinity));
    finite_count += static_cast<uint64_t>(count(finite));
    zero += static_cast<uint64_t>(count(finite & equal(x, broadcast(0.0F))));
    total = total + only(finite, to_f64(x));
    low = min(only(finite, x, infinity), low);
    high = max(only(finite, x, minus_infinity), high);
  });
  scales.merge({n, zero, n - finite_count, sum(total), lowest(low), highest(high)});
}

}  // namespace
#endif
}  // namespace ggufscope
