// The multipliers of the codes, one per sub-block of a quantized tensor.
#pragma once

#include "statistics/statistic.h"
#include "statistics/tile.h"

#if defined(GGUFSCOPE_KERNEL_UNIT)
#include "formats/format.h"
#endif

namespace ggufscope {

struct Scales {
  uint64_t count = 0;
  uint64_t zero = 0;
  uint64_t non_finite = 0;
  double total = 0;
  float min = __builtin_inff();
  float max = -__builtin_inff();

  using Members =
      MemberList<&Scales::count, &Scales::zero, &Scales::non_finite, &Scales::total, &Scales::min, &Scales::max>;
  static constexpr Lifetime kLifetime = Lifetime::Chunk;
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

template <>
struct Summing<Scales> {
  I32 finite = broadcast(0);
  I32 zero = broadcast(0);
  F64 total = broadcast(0.0);
  F32 low = broadcast(__builtin_inff());
  F32 high = broadcast(-__builtin_inff());

  Summing(const Scales*, const Piece&) {}
  Summing() = default;

  template <class Valid>
  [[gnu::always_inline]] void add(F32 scale, Valid valid) {
    const Mask usable = only(valid, less(abs(scale), broadcast(__builtin_inff())));
    finite = increment(finite, usable);
    zero = increment(zero, usable & equal(scale, broadcast(0.0F)));
    total = total + only(usable, to_f64(scale));
    low = min(only(usable, scale, broadcast(__builtin_inff())), low);
    high = max(only(usable, scale, broadcast(-__builtin_inff())), high);
  }

  void finish(Scales* scales, uint64_t n) const {
    scales->merge({n, sum(zero), n - sum(finite), sum(total), lowest(low), highest(high)});
  }

  // They are finite, or the group would not be shown (kernels/lanes.h).
  template <class Lanes>
  void add_lanes(const Lanes& group) {
    const F32 scales = group.scales();
    zero = increment(zero, equal(scales, broadcast(0.0F)));
    total = total + to_f64(scales);
    low = min(scales, low);
    high = max(scales, high);
  }
  template <class Run>
  void finish_lanes(Scales* scales, const Run& run) const {
    scales->merge({run.sub_blocks(), sum(zero), 0, sum(total), lowest(low), highest(high)});
  }
};

template <HasScales Format>
class SummingBlocks<Scales, Format> {
 public:
  explicit SummingBlocks(Scales* into) : into_(into) {}

  void add_block(const typename Format::Block& block) {
    Format::scales(block, scales_ + n_ * Format::scales_per_block);
    if (++n_ == kBatch) finish();
  }
  void finish() {
    const size_t n = n_ * Format::scales_per_block;
    if (n == 0) return;
    Summing<Scales> summing;
    each_group(scales_, n, [&](F32 scale, auto valid) { summing.add(scale, valid); });
    summing.finish(into_, n);
    n_ = 0;
  }

 private:
  static constexpr size_t kBatch = 64;  // blocks whose scales are gathered before they are looked at

  Scales* into_;
  size_t n_ = 0;
  alignas(64) float scales_[kBatch * Format::scales_per_block];
};

}  // namespace
#endif
}  // namespace ggufscope
