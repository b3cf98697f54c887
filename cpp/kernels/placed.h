// Histogram and code statistics of formats whose sub-blocks are 32 codes of four bits on a line: codes are counted as
// in counted.h, and for each of a sub-block one is added to a counter that belongs to the bin of its value and to the
// count.
//
//                  bin 0   1    …   2^14 − 1
//                 ┌──────┬──────┬───┬──────┐
//           n = 0 │      │      │   │      │    not read
//               1 │      │      │   │      │    counts a weight for each time
//               … │      │      │   │      │    rows begin kStride apart, which is no power of two, so that they do not
//              32 │      │      │   │      │    compete for the same places of the cache
//                 └──────┴──────┴───┴──────┘
//
// The additions come between squares of weights, some groups after their places were stored: between sums they would
// fill the queue of stores, and a load that reads part of a wide store waits until that has left for the cache.
#pragma once

#include "kernels/counted.h"

namespace ggufscope {
namespace {

// Codes of lines that differ too much for a table by steps (kernels/stepped.h).
template <class Format>
concept IsPlaced = HasPlanes<Format> && HasCodes<Format> && !IsCentered<Format>;

template <class Format>
NibblePlanes planes_in_order_of_quads(const typename Format::Block* group) {
  NibblePlanes planes = Format::planes(group);
  if constexpr (!kQuadsAreInOrder<Format>) {
    for (I32& plane : planes.of) plane = pick(plane, order_of_quads<Format>());
  }
  return planes;
}

template <class Format>
class PlacedTables {
 public:
  using Feeds = StatisticList<Histogram, Codes>;
  static constexpr bool kWaits = true;

 private:
  static constexpr int kMostCounted = 32;
  static constexpr uint32_t kBins = 2 * kMagnitudeBins;
  static constexpr int kStride = 20011;
  static_assert(kStride >= kBins && Format::sub_block_elements == kMostCounted);
  // Of magnitudes but zero: kMagnitudeBins − the lowest bin and 1 + the highest, 0 where there are none.
  static constexpr size_t kRange = size_t{kStride} * kMostCounted + kBins;
  static constexpr int kPlaces = kLanes * kLanes;
  static constexpr int kPlacesPerBlock = kPlaces / Format::blocks_per_group;
  static constexpr int kPlacesPerSquares = kPlacesPerBlock / (Format::elements / kLanes);

 public:
  static constexpr size_t kTableSize = kRange + 2;

  explicit PlacedTables(const Targets& targets) : table_(targets.table), codes_into_(targets.of<Codes>()) {}

  // How often codes occur, in the order of quads.
  PackedCounts observe(int slot, const typename Format::Block* group, const Line& line) {
    squares_[slot].observe(line);
    const CodeBits bits(planes_in_order_of_quads<Format>(group));
    const Line in_order = in_order_of_quads<Format>(line);
    F32 value = broadcast(0.0F) - in_order.base;
    const auto count_code = [&](int code) {
      const I32 n = popcount(bits[code]);
      const I32 bin = shift_right<kBinShift>(as_i32(value));
      store_i32(places_[slot] + kLanes * code, add_products(bin, n, broadcast(kStride)));
      value = value + in_order.step;  // nothing rounds
      return n;
    };
    PackedCounts counts;
#pragma GCC unroll 4
    for (int four = 0; four < 4; ++four) {
      const I32 first = count_code(4 * four);
      const I32 second = count_code(4 * four + 1);
      const I32 even = first | shift_left<16>(count_code(4 * four + 2));
      const I32 odd = second | shift_left<16>(count_code(4 * four + 3));
      add_counts(totals_[four][0], even);
      add_counts(totals_[four][1], odd);
      counts.of[four] = even | shift_left<8>(odd);
    }
    return counts;
  }
  // No magnitude but zero is below that of the code next to zero, or beyond that of the first or the last.
  template <class Lanes>
  void observe_range(const Lanes& group) {
    const F32 nearest = abs(group.nearest_zero().value);
    low_ = min(select(equal(nearest, broadcast(0.0F)), group.others_beyond(), nearest), low_);
    high_ = max(max(abs(group.lowest_possible()), abs(group.highest_possible())), high_);
  }
  template <class Visit>
  void each_square(int slot, const typename Format::Block& block, int b, Visit visit) const {
    const uint32_t* places = places_[slot] + b * kPlacesPerBlock;
    squares_[slot].each(block, b, [&](int i, F32 square) {
      count_places(table_, places + i / kLanes * kPlacesPerSquares, kPlacesPerSquares);
      visit(i, square);
    });
  }
  void finish() const {
    finish_codes();
    raise(table_[kRange], kMagnitudeBins - bin_of(lowest(low_)));
    raise(table_[kRange + 1], 1 + bin_of(highest(high_)));
  }

  static void flush(const Targets& targets) {
    uint32_t* const table = targets.table;
    const uint32_t first = kMagnitudeBins - table[kRange];
    const uint32_t end = table[kRange + 1];
    table[kRange] = table[kRange + 1] = 0;
    for (uint32_t n = 0; n <= kMostCounted; ++n) {
      const auto flush_bins = [&](uint32_t from, uint32_t to) {
        uint32_t* const counts = table + n * size_t{kStride};
        for (uint32_t bin = from / kLanes * kLanes; bin < to; bin += kLanes) {
          if (bits(equal(load_i32(counts + bin), broadcast(0))) == 0xFFFFU) continue;
          flush_sixteen(counts + bin, n, targets.of<Histogram>()->count + size_t{bin} * HistogramCounters::kWays);
        }
      };
      flush_bins(0, 1);
      flush_bins(first, end);
      flush_bins(first + kMagnitudeBins, end + kMagnitudeBins);
    }
  }

 private:
  static uint32_t bin_of(float magnitude) { return __builtin_bit_cast(uint32_t, magnitude) >> kBinShift; }
  static void raise(uint32_t& most, uint32_t to) { most = most < to ? to : most; }
  static void add_counts(uint32_t (&totals)[kLanes], I32 counts) { store_i32(totals, load_i32(totals) + counts); }
  void finish_codes() const {
    static_assert(kGroupsPerPiece * 32 * kLanes < 1 << 16, "the count of a code is half a word");
    for (int four = 0; four < 4; ++four) {
      for (int odd = 0; odd < 2; ++odd) {
        const uint32_t both = sum(load_i32(totals_[four][odd]));
        codes_into_->codes[4 * four + odd] += both & 0xFFFFU;
        codes_into_->codes[4 * four + 2 + odd] += both >> 16;
      }
    }
  }
  static void flush_sixteen(uint32_t* counts, uint32_t n, uint32_t* into) {
    for (int i = 0; i < kLanes; ++i) into[i * HistogramCounters::kWays] += n * counts[i];
    store_i32(counts, broadcast(0));
  }

  alignas(64) uint32_t places_[kGroupsPerPiece][kPlaces];
  Squares<Format> squares_[kGroupsPerPiece];
  // How often codes occurred in each lane, in the halves of words: 4f and 4f + 2, 4f + 1 and 4f + 3. The sixteen lanes
  // of a piece count less than 2^16.
  alignas(64) uint32_t totals_[4][2][kLanes] = {};
  F32 low_ = broadcast(__builtin_inff());
  F32 high_ = broadcast(0.0F);
  uint32_t* table_;
  CodeCounters* codes_into_;
};

}  // namespace
}  // namespace ggufscope
