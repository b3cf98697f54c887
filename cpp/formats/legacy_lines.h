// The first generation's blocks with a minimum: w = step · q + minimum.
#pragma once

#include "formats/legacy_bits.h"

namespace ggufscope {
namespace {

// Of sixteen blocks that begin with d and m: step d and base −m.
template <class Block>
Line line_of_minima(const Block* sixteen) {
  uint32_t halves[kLanes];
  for (int i = 0; i < kLanes; ++i) std::memcpy(&halves[i], &sixteen[i], sizeof halves[i]);
  keep_in_memory(halves);
  const I32 both = load_i32(halves);
  return {half_to_f32(both), broadcast(0.0F) - half_to_f32(shift_right<16>(both))};
}

// Whether weights are float32 numbers as they stand. With x and y the places of the last bits of d and m, so that d and
// m are integers below 2^11 times 2^x and 2^y, and y − x from Lowest to Highest, each d · q + m is an integer below
// 2^24 times 2^x or 2^y, whichever is smaller: see the bounds at each use.
//
// Powers of two are compared that are those of the leading bits; a subnormal half has the same place as the smallest
// normal one. What is not finite has Inf, which fits nothing. Zero, an integer at any place, has that of the other.
template <int Lowest, int Highest>
bool halves_fit(const Line& line) {
  constexpr auto power = [](int exponent) { return __builtin_bit_cast(float, (127 + exponent) << 23); };
  const auto leading_bit = [](F32 x) { return max(as_f32(as_i32(x) & broadcast(0x7F800000)), broadcast(0x1p-14F)); };
  const F32 of_step = leading_bit(line.step);
  const F32 of_base = leading_bit(line.base);
  const F32 d = select(equal(line.step, broadcast(0.0F)), of_base, of_step);
  const F32 m = select(equal(line.base, broadcast(0.0F)), of_step, of_base);
  return bits(less(m, d * broadcast(power(Highest + 1))) & less(d, m * broadcast(power(1 - Lowest)))) == 0xFFFFU;
}

// Q4_1: w = q · d + m
//
//   byte  0   1 │ 2   3 │ 4      …      19
//        ┌──────┬───────┬────────────────┐
//        │  d   │   m   │       qs       │
//        └──────┴───────┴────────────────┘
struct Q4_1 {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint16_t m;
    uint8_t qs[16];
  };
  static_assert(sizeof(Block) == 20);
  static constexpr uint32_t id = 3;
  static constexpr const char* name = "Q4_1";
  static constexpr int elements = 32;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 4;
  static constexpr int packed_bytes = 16;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 15;

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    const F32 m = broadcast(half_to_float(block.m));
    const I32 q = load_u8(block.qs);
    store(out, to_f32(low_nibbles(q)) * d + m);
    store(out + 16, to_f32(high_nibbles(q)) * d + m);
  }
  template <class Visit>
  static void each_square(const Block& block, const Lines& lines, Visit visit) {
    const F32 weights = to_f32(iota()) * broadcast(lines.steps[0]) - broadcast(lines.bases[0]);
    const F32 squares = weights * weights;
    const I32 q = load_u8(block.qs);
    visit(0, pick(squares, q));
    visit(16, pick(squares, shift_right<4>(q)));
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) { return block.qs; }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 16;
  static constexpr Magnitudes magnitudes = times(kHalves, 4);  // 15 and 1
  static Line line(const Block* sixteen) { return line_of_minima(sixteen); }
  // |d · q| < 2^(x + 15), |m| < 2^(y + 11): at the ends of the range their sum is below 2^(y + 23) + 2^(y + 11) and
  // 2^(x + 15) + 2^(x + 23)
  static bool rounds_nothing(const Block*, const Line& line) { return halves_fit<-8, 12>(line); }
  template <class Visit>
  static void each_quad(const Block* sixteen, Visit visit) {
    each_quad_of_nibbles(sixteen->qs, sizeof(Block), visit);
  }
  static constexpr int sub_block_of(int lane) { return lane; }
  static NibblePlanes planes(const Block* sixteen) { return planes_of_sixteens(sixteen->qs, sizeof(Block)); }
};

// Q5_1: w = q · d + m
//
//   byte  0   1 │ 2   3 │ 4  …  7 │ 8      …      23
//        ┌──────┬───────┬─────────┬────────────────┐
//        │  d   │   m   │   qh    │       qs       │
//        └──────┴───────┴─────────┴────────────────┘
struct Q5_1 {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint16_t m;
    uint32_t qh;
    uint8_t qs[16];
  };
  static_assert(sizeof(Block) == 24);
  static constexpr uint32_t id = 7;
  static constexpr const char* name = "Q5_1";
  static constexpr int elements = 32;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 8;
  static constexpr int packed_bytes = 32;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 31;

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    const F32 m = broadcast(half_to_float(block.m));
    const I32 q = load_u8(block.qs);
    store(out, to_f32(low_nibbles(q) | fifth_bits(block.qh)) * d + m);
    store(out + 16, to_f32(high_nibbles(q) | fifth_bits(block.qh >> 16)) * d + m);
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {
    return unpack_five_bits(block.qs, block.qh, scratch);
  }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 16;
  static constexpr Magnitudes magnitudes = times(kHalves, 5);  // 31 and 1
  static Line line(const Block* sixteen) { return line_of_minima(sixteen); }
  // |d · q| < 2^(x + 16): 2^(y + 23) + 2^(y + 11), 2^(x + 16) + 2^(x + 23)
  static bool rounds_nothing(const Block*, const Line& line) { return halves_fit<-7, 12>(line); }
  template <class Visit>
  static void each_quad(const Block* sixteen, Visit visit) {
    each_quad_of_five_bits(sixteen, visit);
  }
  static constexpr int sub_block_of(int lane) { return lane; }
};

}  // namespace
}  // namespace ggufscope
