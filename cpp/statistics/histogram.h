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
#include "statistics/moments.h"
#include "statistics/statistic.h"
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

  using Members = MemberList<&Histogram::bins, &Histogram::observed>;
  static constexpr Lifetime kLifetime = Lifetime::Worker;
  using Target = HistogramCounters;
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

  void begin() { observed = true; }
  void absorb(HistogramCounters& counters, const TypeInfo&);
  void merge(const Histogram& later);

  /// Whether bins from elsewhere are bins: in order, finite, a count for each.
  bool is_sound() const;

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

// Slots are counted some groups after they were stored: a load that reads part of a wide store waits until that store
// has left for the cache, and by then the loads are free of it.
template <>
struct Summing<Histogram> {
  static constexpr int kLag = 8;  // groups
  alignas(64) uint16_t slots[kLag][kLanes];
  HistogramCounters* counters;
  uint32_t added = 0;

  explicit Summing(HistogramCounters* into) : counters(into) {}
  Summing(HistogramCounters* into, const Piece&) : counters(into) {}

  void add(const Group& group, AllLanes) {
    uint16_t* place = slots[added % kLag];
    if (added >= kLag) count_slots(place);
    store_u16(place, slots_of(group.value, iota() & broadcast(HistogramCounters::kWays - 1U)));
    ++added;
  }
  void add(const Group& group, Mask valid) const {
    uint32_t last[kLanes];
    store_i32(last, slots_of(group.value, iota() & broadcast(HistogramCounters::kWays - 1U)));
    for (int l = 0; l < count(valid); ++l) ++counters->count[last[l]];
  }
  void finish(const HistogramCounters*, const Tile&) const { finish(); }
  void finish() const {
    const uint32_t left = added < kLag ? added : kLag;
    for (uint32_t i = 0; i < left; ++i) count_slots(slots[(added - left + i) % kLag]);
  }

 private:
  void count_slots(const uint16_t* place) const {
#pragma GCC unroll 4
    for (int i = 0; i < kLanes; i += 4) {
      const auto four = read<uint64_t>(place + i);
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) ++counters->count[four >> 16 * k & 0xFFFFU];
    }
  }
};

// One more at each of `n` places, an even number: two are loaded at once.
inline void count_places(uint32_t* table, const uint32_t* places, int n) {
#pragma GCC unroll 8
  for (int i = 0; i < n; i += 2) {
    const auto two = read<uint64_t>(places + i);
    ++table[static_cast<uint32_t>(two)];
    ++table[two >> 32];
  }
}

// Counted codes: for each code of a sub-block one addition, of its count, in place of one for every weight. As above,
// what one group leaves is added when the next has come.
//
//                        sub-block 0   1         …    15
//                        ┌─────────┬─────────┬─────┬─────────┐
//   code 0, halves of a  │ n, slot │ n, slot │     │ n, slot │    scales of neighbours are alike, so their values for
//   word from the lowest │         │         │     │         │    one code often share a line of the cache
//   code 1               │ n, slot │ n, slot │     │ n, slot │
//     …                  └─────────┴─────────┴─────┴─────────┘
//
// The upper half of a value, its two lowest bits cleared, is the slot of its bin in the first way. No value is −0:
// those of a rising line begin with 0 − base, and a sum is −0 only where both terms are.
template <int Codes>
class CountedHistogram {
 public:
  explicit CountedHistogram(HistogramCounters* into) : counters_(into) {}

  void begin_group() {
    finish();
    waiting_ = true;
  }
  // Of each code.
  void add(int code, const Counted& counted) {
    constexpr uint32_t kSlot = ~0U << kBinShift;
    store_i32(halves_[code], (as_i32(counted.value) & broadcast(kSlot)) | counted.count);
  }
  void finish() const {
    if (!waiting_) return;
    for (const auto& halves : halves_) count_lanes(halves);
  }

 private:
  static_assert(HistogramCounters::kWays == 1U << (kBinShift - 16));

  void count_lanes(const uint16_t (&halves)[2 * kLanes]) const {
#pragma GCC unroll 16
    for (uint32_t i = 0; i < kLanes; ++i) {
      counters_->count[halves[2 * i + 1] + i % HistogramCounters::kWays] += halves[2 * i];
    }
  }

  alignas(64) uint16_t halves_[Codes][2 * kLanes];
  HistogramCounters* counters_;
  bool waiting_ = false;  // halves_ holds a group
};

}  // namespace
#endif
}  // namespace ggufscope
