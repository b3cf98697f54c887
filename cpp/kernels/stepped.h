// Histogram and code statistics of formats with one half-precision step for 32 codes of four bits. There are only so
// many halves: codes are counted for each, sixteen at once, and what values they are is asked now and then.
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
concept HasHalfSteps = requires(const typename Format::Block& block) { Format::step_half(block); };

template <class Format>
class SteppedTables {
 public:
  static constexpr bool kSeesWeights = false;

  explicit SteppedTables(FusedRun& run) : steps_(run.steps) {}

  void observe(const typename Format::Block* sixteen, const Line&) {
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
  void finish() const {}

 private:
  void add(const typename Format::Block& block, I32 counts) {
    const uint16_t step = Format::step_half(block);
    steps_->used[step] = 1;
    store_i32(steps_->counts[step], load_i32(steps_->counts[step]) + counts);
  }

  StepCounters* steps_;
};

// Takes over what was counted, as values and as codes, and clears it.
template <class Format>
void flush_steps(StepCounters& steps, HistogramCounters& histogram, CodeCounters& codes) {
  const F32 codes_from_center = to_f32(iota() - broadcast(Format::center));
  for (uint32_t step = 0; step < StepCounters::kSteps; ++step) {
    if (steps.used[step] == 0) continue;
    alignas(64) uint32_t slots[kLanes];
    const F32 values = codes_from_center * broadcast(half_to_float(static_cast<uint16_t>(step)));
    store_i32(slots, slots_of(values, iota() & broadcast(HistogramCounters::kWays - 1U)));
    for (int code = 0; code < kLanes; ++code) {
      histogram.count[slots[code]] += steps.counts[step][code];
      codes.codes[code] += steps.counts[step][code];
      steps.counts[step][code] = 0;
    }
    steps.used[step] = 0;
  }
}

}  // namespace
}  // namespace ggufscope
