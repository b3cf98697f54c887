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
// Inf and NaN have bins too, where the counts of such values end; nothing reads them.
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
inline constexpr uint32_t kFiniteBins = 0x7F800000U >> kBinShift;

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

// The counters of sixteen values, each in the way that its lane of `way` names.
inline I32 slots_of(F32 x, I32 way) {
  // x + 0 turns −0 into 0. Shifting by two less leaves room for the way in the low bits.
  const I32 bin = shift_right<kBinShift - 2>(as_i32(x + broadcast(0.0F)));
  return (bin & broadcast(~(HistogramCounters::kWays - 1U))) | way;
}

inline void observe(HistogramCounters& counters, const Tile& tile) {
  const I32 way = iota() & broadcast(HistogramCounters::kWays - 1U);
  each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) {
    alignas(64) uint32_t slots[kLanes];
    store_i32(slots, slots_of(x, way));
    if constexpr (__is_same(decltype(valid), AllLanes)) {
      for (const uint32_t slot : slots) ++counters.count[slot];
    } else {
      for (int l = 0; l < count(valid); ++l) ++counters.count[slots[l]];
    }
  });
}

// The shortcut for sub-blocks with sixteen codes: sixteen additions of a count in place of 32 increments, of which each
// is a store.
//
//                         code 0    code 1    …    code 15
//                       ┌─────────┬─────────┬─────┬─────────┐
//   sub-block 0, way 0  │ bin, 2  │ bin, 5  │     │ bin, 1  │     Eight sub-blocks are gathered and then added column
//   sub-block 1, way 1  │ bin, 3  │ bin, 4  │     │ bin, 0  │     by column: scales of neighbours are alike, so their
//     …                 │    …    │    …    │     │    …    │     values for one code share a line of the cache.
//   sub-block 7, way 3  │ bin, 2  │ bin, 6  │     │ bin, 2  │     Row by row takes 1.5 to 2 times as long.
//                       └─────────┴─────────┴─────┴─────────┘
class CountedValues {
 public:
  explicit CountedValues(HistogramCounters& counters) : counters_(counters) {}

  // values: of each code; counts: how often it occurs.
  void add(F32 values, I32 counts) {
    store_i32(slots_[gathered_],
              slots_of(values, broadcast(static_cast<uint32_t>(gathered_) % HistogramCounters::kWays)));
    store_i32(counts_[gathered_], counts);
    if (++gathered_ == kRows) add_columns(kRows);
  }
  void finish() { add_columns(gathered_); }

 private:
  static constexpr int kRows = 8;

  void add_columns(int rows) {
    gathered_ = 0;
    keep_in_memory(slots_);
    keep_in_memory(counts_);
    for (int code = 0; code < kLanes; ++code) {
      for (int row = 0; row < rows; ++row) counters_.count[slots_[row][code]] += counts_[row][code];
    }
  }

  alignas(64) uint32_t slots_[kRows][kLanes];
  alignas(64) uint32_t counts_[kRows][kLanes];
  HistogramCounters& counters_;
  int gathered_ = 0;
};

}  // namespace
#endif
}  // namespace ggufscope
