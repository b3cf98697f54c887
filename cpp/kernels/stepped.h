// Histogram and code statistics of formats with one step of sixteen bits, or eight, for 32 codes of four bits. There
// are only so many steps: codes are counted for each, sixteen at once, and what values they are is asked now and then.
//
//                   code 0   1    …   15
//                  ┌──────┬──────┬───┬──────┐
//   step 0x2B00    │  n   │  n   │   │  n   │    a row is a line of the cache; the steps
//   step 0x2B01    │  n   │  n   │   │  n   │    of a tensor lie close together, and so
//        …         └──────┴──────┴───┴──────┘    do the rows in use
#pragma once

#include "kernels/counted.h"

namespace ggufscope {
namespace {

template <class Format>
concept HasStoredSteps =
    IsCounted<Format> && requires(const typename Format::Block& block) { Format::stored_step(block); };

template <class Format>
class SteppedTables {
  using Stored = decltype(Format::stored_step(typename Format::Block{}));

 public:
  using Feeds = StatisticList<Histogram, Codes>;
  static constexpr bool kWaits = false;
  static constexpr uint32_t kSteps = 1U << 8 * sizeof(Stored);
  static constexpr size_t kTableSize = kSteps * size_t{kLanes} + kSteps / sizeof(uint32_t);  // which are used: a byte

  explicit SteppedTables(const Targets& targets) : table_(targets.table) {}

  void observe(int, const typename Format::Block* sixteen, const Line& line) {
    squares_.observe(line);
    const CodeBits bits(Format::planes(sixteen));
    Quads by_code[4];  // of four codes: word k has those of sub-blocks 4m + k in piece m
    for (int g = 0; g < 4; ++g) {
      Quads counts{};
      for (int i = 0; i < 4; ++i) counts.of[i] = popcount(bits[4 * g + i]);
      by_code[g] = transposed(counts);
    }
    for (int k = 0; k < 4; ++k) {
      const I32 even01 = even_pieces(by_code[0].of[k], by_code[1].of[k]);
      const I32 even23 = even_pieces(by_code[2].of[k], by_code[3].of[k]);
      const I32 odd01 = odd_pieces(by_code[0].of[k], by_code[1].of[k]);
      const I32 odd23 = odd_pieces(by_code[2].of[k], by_code[3].of[k]);
      add(sixteen[k], even_pieces(even01, even23));
      add(sixteen[4 + k], even_pieces(odd01, odd23));
      add(sixteen[8 + k], odd_pieces(even01, even23));
      add(sixteen[12 + k], odd_pieces(odd01, odd23));
    }
  }
  template <class Visit>
  void each_square(int, const typename Format::Block& block, int b, Visit visit) const {
    squares_.each(block, b, visit);
  }
  void finish() const {}

  static void flush(const Targets& targets) {
    uint32_t* const table = targets.table;
    constexpr uint32_t kAtOnce = sizeof(I32);  // most steps are in no use: byte by byte, a small tensor would wait
    for (uint32_t first = 0; first < kSteps; first += kAtOnce) {
      if (bits(equal(load_i32(used(table) + first), broadcast(0))) == 0xFFFFU) continue;
      for (uint32_t step = first; step < first + kAtOnce; ++step) {
        if (used(table)[step] != 0) flush_step(table, step, *targets.of<Histogram>(), *targets.of<Codes>());
      }
    }
  }

 private:
  static void flush_step(uint32_t* table, uint32_t step, HistogramCounters& histogram, CodeCounters& codes) {
    alignas(64) uint32_t slots[kLanes];
    const F32 values = values_of_codes<Format>() * broadcast(Format::step_of(static_cast<Stored>(step)));
    store_i32(slots, slots_of(values, iota() & broadcast(HistogramCounters::kWays - 1U)));
    uint32_t* counts = table + step * size_t{kLanes};
    for (int code = 0; code < kLanes; ++code) {
      histogram.count[slots[code]] += counts[code];
      if constexpr (HasCodes<Format>) codes.codes[code] += counts[code];
      counts[code] = 0;
    }
    used(table)[step] = 0;
  }
  static uint8_t* used(uint32_t* table) { return reinterpret_cast<uint8_t*>(table + kSteps * size_t{kLanes}); }
  void add(const typename Format::Block& block, I32 counts) {
    const Stored step = Format::stored_step(block);
    used(table_)[step] = 1;
    uint32_t* row = table_ + step * size_t{kLanes};
    store_i32(row, load_i32(row) + counts);
  }

  uint32_t* table_;
  Squares<Format> squares_;
};

}  // namespace
}  // namespace ggufscope
