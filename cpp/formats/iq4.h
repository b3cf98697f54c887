// IQ4_NL and IQ4_XS: four-bit indices into sixteen uneven steps, finer around zero.
// Source: ggml/src/ggml-common.h (kvalues_iq4nl, block_iq4_nl, block_iq4_xs), ggml-quants.c (dequantize_row_iq4_nl, …).
#pragma once

#include "formats/value_table.h"

namespace ggufscope {
namespace {

inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

inline F32 iq4_products(float scale) { return broadcast(scale) * to_f32(load_i8(kIq4Values)); }

// 32 weights of 16 bytes: low nibbles are weights 0-15, high nibbles 16-31. The sixteen possible products are formed
// once and then looked up.
inline void decode_iq4(const uint8_t* codes, float scale, float* out) {
  const F32 products = iq4_products(scale);
  const I32 index = load_u8(codes);
  store(out, pick(products, index));
  store(out + 16, pick(products, shift_right<4>(index)));
}

// IQ4_NL: w = d · value(q)
//
//   byte  0   1 │ 2            …             17
//        ┌──────┬─────────────────────────────┐
//        │  d   │ q0 q16│ q1 q17│ … │ q15 q31  │   low nibble: weight j, high nibble: weight j + 16
//        └──────┴─────────────────────────────┘
struct IQ4_NL {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint8_t qs[16];
  };
  static_assert(sizeof(Block) == 18);
  static constexpr uint32_t id = 20;
  static constexpr const char* name = "IQ4_NL";
  static constexpr int elements = 32;
  static constexpr int scales_per_block = 1;

  static void decode(const Block& block, float* out) { decode_iq4(block.qs, half_to_float(block.d), out); }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 16;
  static constexpr int center = 0;
  static constexpr const int8_t (&values)[16] = kIq4Values;
  static constexpr int lowest_code = -127;
  static constexpr int highest_code = 113;
  static constexpr Magnitudes magnitudes = times(kHalves, 7);
  static Line line(const Block* sixteen) { return line_of_halves(sixteen, center); }
  template <class Visit>
  static void each_quad(const Block* sixteen, Visit visit) {
    each_quad_of_values<kIq4Values>(quads_of(sixteen->qs, sizeof(Block)), visit);
  }
  static constexpr int sub_block_of(int lane) { return lane; }
  static NibblePlanes planes(const Block* sixteen) { return planes_of_sixteens(sixteen->qs, sizeof(Block)); }
  template <class Visit>
  static void each_square(const Block& block, const Lines& lines, Visit visit) {
    each_square_of_values<kIq4Values>(block.qs, lines.steps[0], visit);
  }
  static uint16_t stored_step(const Block& block) { return block.d; }
  static float step_of(uint16_t stored) { return half_to_float(stored); }
};

// IQ4_XS: w = d · (s − 32) · value(q), a 6-bit s for each 32 weights
//
//   byte  0   1 │  2      3  │ 4     …     7 │ 8     …     135
//        ┌──────┬────────────┬───────────────┬─────────────────┐
//        │  d   │ high: 8 × 2│ low: 8 × 4    │ qs: 8 × 16      │   s(i) = 16 · high(i) + low(i), low bits first;
//        └──────┴────────────┴───────────────┴─────────────────┘   qs[i] as in IQ4_NL: weights 32i …
struct IQ4_XS {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint16_t scales_high;
    uint8_t scales_low[4];
    uint8_t qs[8][16];
  };
  static_assert(sizeof(Block) == 136);
  static constexpr uint32_t id = 23;
  static constexpr const char* name = "IQ4_XS";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 8;

  static void decode(const Block& block, float* out) {
    float scale[8];
    scales(block, scale);
    for (int i = 0; i < 8; ++i) decode_iq4(block.qs[i], scale[i], out + 32 * i);
  }
  static void scales(const Block& block, float* out) {
    float twice[kLanes];
    store(twice, scales_of_two(block, block));
    std::memcpy(out, twice, 8 * sizeof *out);
  }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 2;
  static constexpr int center = 0;
  static constexpr const int8_t (&values)[16] = kIq4Values;
  static constexpr int lowest_code = -127;
  static constexpr int highest_code = 113;
  static constexpr Magnitudes magnitudes = times(kHalves, 12);  // −32 … 31 times −127 … 113
  static Line line(const Block* two) { return {scales_of_two(two[0], two[1]), broadcast(0.0F)}; }
  template <class Visit>
  static void each_quad(const Block* two, Visit visit) {
    const Quads rows = {{load_i32(two[0].qs), load_i32(two[0].qs + 4), load_i32(two[1].qs), load_i32(two[1].qs + 4)}};
    each_quad_of_values<kIq4Values>(transposed(rows), visit);
  }
  static constexpr int sub_block_of(int lane) { return lane % 4 * 4 + lane / 4; }
  static NibblePlanes planes(const Block* two) {
    uint8_t together[2][sizeof two->qs];
    std::memcpy(together[0], two[0].qs, sizeof two->qs);
    std::memcpy(together[1], two[1].qs, sizeof two->qs);
    return planes_of_sixteens(together, sizeof two->qs[0]);
  }
  template <class Visit>
  static void each_square(const Block& block, const Lines& lines, Visit visit) {
    for (int i = 0; i < 8; ++i) {
      each_square_of_values<kIq4Values>(block.qs[i], lines.steps[i],
                                        [&](int j, F32 squares) { visit(32 * i + j, squares); });
    }
  }

 private:
  static F32 scales_of_two(const Block& first, const Block& second) {
    const auto of_both = [](auto a, auto b) { return select(first_lanes(8), broadcast(a), broadcast(b)); };
    const I32 sub_block = iota() & broadcast(7);
    const I32 low = shift_right(of_both(read<uint32_t>(first.scales_low), read<uint32_t>(second.scales_low)),
                                shift_left<2>(sub_block));
    const I32 high =
        shift_right(of_both(uint32_t{first.scales_high}, uint32_t{second.scales_high}), shift_left<1>(sub_block));
    const I32 six_bits = (low & broadcast(15)) | shift_left<4>(high & broadcast(3));
    return of_both(half_to_float(first.d), half_to_float(second.d)) * to_f32(six_bits - broadcast(32));
  }
};

using iq4_formats = FormatList<IQ4_NL, IQ4_XS>;

}  // namespace
}  // namespace ggufscope
