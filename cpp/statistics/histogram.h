// The distribution of the values, without a range known in advance.
//
// A float32 cut after five bits of its mantissa is the number of a bin: 32 bins to the octave, each about 3 % wide,
// over the whole range of the type. Negative values have bins of their own; −0 counts as 0.
//
//    31  30      23 22   18 17                0
//   ┌───┬──────────┬───────┬───────────────────┐
//   │ s │ exponent │ 5 bits│   not looked at   │     key = bits >> 18 for w ≥ 0, −1 − (bits >> 18) of |w| for w < 0
//   └───┴──────────┴───────┴───────────────────┘
//
// Counts are exact and merge by addition; quantiles and tail shares are read from them afterwards.
#pragma once

#include <cstring>
#include <vector>

#include "statistics/extremes.h"
#include "statistics/field.h"
#include "statistics/moments.h"
#include "statistics/tile.h"

namespace ggufscope {

inline constexpr int kBinShift = 18;
inline constexpr uint32_t kMagnitudeBins = 1U << (31 - kBinShift);

struct HistogramCounters {
  static constexpr uint32_t kWays = 4;  // four counters side by side in each bin: equal neighbours do not wait
  uint32_t count[2 * kMagnitudeBins * kWays];
};

struct Histogram {
  Bins bins;
  bool observed = false;

  static constexpr bool kFast = false;
  static constexpr FieldInfo kFields[] = {
      {"histogram", "histogram", "counts in log-linear bins: sign, exponent and 5 mantissa bits"},
      {"quantiles", "quantiles", "0.1, 1, 5, 25, 50, 75, 95, 99, 99.9 %, from the histogram"},
      {"near_zero_fraction", "share", "share of abs(w) < near_zero_edge, the bin edge nearest to 0.05 std"},
      {"near_zero_edge", "number", "the edge that near_zero_fraction is counted at"},
      {"outlier_fraction_3", "share", "share outside mean +- 3 std, moved to the nearest bin edges"},
      {"outlier_low_3", "number", "lower edge of outlier_fraction_3"},
      {"outlier_high_3", "number", "upper edge of outlier_fraction_3"},
      {"outlier_fraction_6", "share", "share outside mean +- 6 std, moved to the nearest bin edges"},
      {"outlier_low_6", "number", "lower edge of outlier_fraction_6"},
      {"outlier_high_6", "number", "upper edge of outlier_fraction_6"},
  };

  void absorb(HistogramCounters& counters);  // takes over what a kernel counted and clears it
  void merge(const Histogram& later);

  template <class All>
  void write(const All& all, Fields& out) const {
    if (observed) write(static_cast<const Moments&>(all), static_cast<const Extremes&>(all), out);
  }

 private:
  void write(const Moments& moments, const Extremes& extremes, Fields& out) const;
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

inline void observe(HistogramCounters& counters, const Tile& tile) {
  constexpr uint32_t kWays = HistogramCounters::kWays;
  const I32 way = iota() & broadcast(kWays - 1U);
  const I32 clear_way = broadcast(~(kWays - 1U));
  each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) {
    // x + 0 turns −0 into 0. Shifting by two less leaves room for the way in the low bits.
    const I32 index = (shift_right<kBinShift - 2>(as_i32(x + broadcast(0.0F))) & clear_way) | way;
    alignas(64) uint32_t slots[kLanes];
    store_i32(slots, index);
    if constexpr (__is_same(decltype(valid), AllLanes)) {
      for (const uint32_t slot : slots) ++counters.count[slot];
    } else {
      for (int l = 0; l < count(valid); ++l) ++counters.count[slots[l]];
    }
  });
}

}  // namespace
#endif
}  // namespace ggufscope
