// Histogram and code statistics of formats whose weights are an integer code times a step, in one counter for both: one
// addition for a weight in place of one for its bin and one for its code.
//
// A float's bits cut as the histogram cuts them are a logarithm of sorts, so that the bin of step · c less the bin of
// |c| hardly depends on c: it is about the bin of the step. A counter belongs to that difference and to the code.
//
//                    c = −32   …   0   …   31
//                   ┌───────┬─────┬───┬──────┐
//   difference −321 │   n   │     │   │  n   │    the steps of a tensor lie close together: some dozens of rows are
//              −320 │   n   │     │   │  n   │    in use, which fit in the cache
//                …  └───────┴─────┴───┴──────┘
//
// Rows of negative steps follow those of others. Zeros, which may be many in a row, have four counters beyond all rows.
#pragma once

#include "formats/format.h"
#include "kernels/kernels.h"

namespace ggufscope {
namespace {

template <class Format>
concept IsCoded = requires(const typename Format::Block& block) { Format::each_coded(block, [](int, I32) {}); };

inline int32_t bin_of(float magnitude) {
  return static_cast<int32_t>(__builtin_bit_cast(uint32_t, magnitude) >> kBinShift);
}

template <class Format>
class JointTables {
  // Codes less their center lie from −kMiddle to kMiddle − 1.
  static constexpr int32_t kMiddle = Format::highest_code + 1 - Format::center;
  static_assert(Format::lowest_code - Format::center >= -kMiddle);
  static constexpr int32_t kCodes = 2 * kMiddle;
  static constexpr int kCodeBits = __builtin_ctz(kCodes);
  static_assert(kCodes == 1 << kCodeBits);
  static constexpr int32_t kOne = 127 << (23 - kBinShift);  // bin of 1
  // Differences lie from −kLowest on, where the weight is 0 for the largest code, and below kRows − kLowest: steps are
  // below 2^100 (lanes.h).
  static constexpr int32_t kLowest = kOne + (8 << (23 - kBinShift));
  static constexpr int32_t kRows = kLowest + (101 << (23 - kBinShift));
  // What the difference may have beyond the bin of the step: mantissas 1 + a and 1 + b of a product below 2 give one of
  // a + b + ab, and 32 ab is below 5.5; a product beyond gives the same bound; and two bins are rounded down.
  static constexpr int32_t kSpread = 7;

  static constexpr size_t kZeros = 2 * size_t{kRows} * kCodes;
  // Of steps: kHighest − the lowest bin and 1 + the highest, 0 where there are none; whether some steps are 0.
  static constexpr size_t kSteps = kZeros + HistogramCounters::kWays;
  static constexpr int32_t kHighest = 1 << 13;

 public:
  using Feeds = StatisticList<Histogram, Codes>;
  static constexpr bool kWaits = false;
  static constexpr size_t kTableSize = kSteps + 3;

  explicit JointTables(const Targets& targets) : table_(targets.table) {}

  void observe(int, const typename Format::Block*, const Line& line) {
    const F32 steps = abs(line.step);
    const Mask none = equal(steps, broadcast(0.0F));
    low_ = min(select(none, broadcast(__builtin_inff()), steps), low_);
    high_ = max(steps, high_);
    some_are_zero_ = some_are_zero_ || bits(none) != 0;
    store(steps_, steps);
    store_i32(origins_, select(less(line.step, broadcast(0.0F)), broadcast(origin(true)), broadcast(origin(false))));
    keep_in_memory(steps_);
    keep_in_memory(origins_);
    earlier_waiting_ = waiting_;
    waiting_ = true;
  }
  template <class Visit>
  void each_square(int, const typename Format::Block& block, int b, Visit visit) {
    Format::each_coded(block, [&](int i, I32 code) {
      const int position = b * Format::elements + i;  // in the group
      const int sub_block = position / Format::sub_block_elements;
      const F32 factor = to_f32(code);
      const F32 weight = factor * broadcast(steps_[sub_block]);  // of the code's sign: the sign bits cancel below
      const I32 difference = shift_right<kBinShift>(as_i32(weight)) - shift_right<kBinShift>(as_i32(factor));
      add(places_[position / kLanes], code,
          shift_left<kCodeBits>(difference) + (code + broadcast(origins_[sub_block])));
      visit(i, weight * weight);
    });
  }
  void finish() {
    if (waiting_) {
      for (const auto& places : places_) count(places);
    }
    raise(table_[kSteps], kHighest - bin_of(lowest(low_)));
    raise(table_[kSteps + 1], 1 + bin_of(highest(high_)));
    raise(table_[kSteps + 2], some_are_zero_ ? 1 : 0);
  }

  static void flush(const Targets& targets) {
    uint32_t* const table = targets.table;
    HistogramCounters& histogram = *targets.of<Histogram>();
    CodeCounters& codes = *targets.of<Codes>();
    const int32_t lowest_bin = kHighest - static_cast<int32_t>(table[kSteps]);
    const int32_t highest_bin = static_cast<int32_t>(table[kSteps + 1]) - 1;
    const bool some_are_zero = table[kSteps + 2] != 0;
    for (size_t i = kZeros; i < kSteps; ++i) {
      codes.bytes[0][stored(0)] += table[i];
      histogram.count[0] += table[i];
    }
    std::memset(table + kZeros, 0, (kTableSize - kZeros) * sizeof *table);
    const auto flush_rows = [&](int32_t first, int32_t last) {
      for (const bool negative : {false, true}) {
        for (int32_t row = first; row <= last; ++row) flush_row(table, row, negative, histogram, codes);
      }
    };
    flush_rows(clamped(kLowest + lowest_bin - kOne), clamped(kLowest + highest_bin - kOne + kSpread));
    if (some_are_zero) flush_rows(0, kLowest - kOne);  // a weight of 0 less the bin of a code
  }

 private:
  static constexpr uint32_t origin(bool negative) { return ((negative ? kRows : 0) + kLowest) * kCodes + kMiddle; }

  static int32_t clamped(int32_t row) { return row < 0 ? 0 : row >= kRows ? kRows - 1 : row; }
  static void raise(uint32_t& most, int32_t bin) {
    const auto to = static_cast<uint32_t>(bin);
    most = most < to ? to : most;
  }
  static uint8_t stored(int32_t code) { return static_cast<uint8_t>(code + Format::center); }

  static void flush_row(uint32_t* table, int32_t row, bool negative, HistogramCounters& histogram,
                        CodeCounters& codes) {
    uint32_t* counts = table + size_t{kCodes} * (row + (negative ? kRows : 0));
    constexpr int32_t kAtOnce = kCodes < kLanes ? kCodes : kLanes;
    for (int32_t first = 0; first < kCodes; first += kAtOnce) {
      if constexpr (kAtOnce == kLanes) {
        if (bits(equal(load_i32(counts + first), broadcast(0))) == 0xFFFFU) continue;
      }
      for (int32_t i = first; i < first + kAtOnce; ++i) {
        const int32_t code = i - kMiddle;
        if (counts[i] == 0) continue;
        // Not negative where something was counted; the compiler cannot know, and says so.
        const int32_t difference = row - kLowest;
        const uint32_t bin = (difference + bin_of(static_cast<float>(code < 0 ? -code : code))) & (kMagnitudeBins - 1);
        const bool below_zero = bin != 0 && (code < 0) != negative;
        histogram.count[(bin + (below_zero ? kMagnitudeBins : 0)) * HistogramCounters::kWays] += counts[i];
        codes.bytes[0][stored(code)] += counts[i];
        counts[i] = 0;
      }
    }
  }

  // As with the histogram's slots, what was stored for one group is counted while the next is worked on.
  void add(uint32_t (&places)[kLanes], I32 code, I32 place) {
    const I32 zeros = (iota() & broadcast(HistogramCounters::kWays - 1U)) + broadcast(static_cast<uint32_t>(kZeros));
    if (earlier_waiting_) count(places);
    store_i32(places, select(equal(code, broadcast(0)), zeros, place));
  }
  void count(const uint32_t* places) const { count_places(table_, places, kLanes); }

  alignas(64) uint32_t places_[Format::elements * Format::blocks_per_group / kLanes][kLanes];
  alignas(64) float steps_[kLanes];
  alignas(64) uint32_t origins_[kLanes];
  F32 low_ = broadcast(__builtin_inff());
  F32 high_ = broadcast(0.0F);
  uint32_t* table_;
  bool waiting_ = false;          // places_ holds a group
  bool earlier_waiting_ = false;  // and another one is being added
  bool some_are_zero_ = false;
};

}  // namespace
}  // namespace ggufscope
