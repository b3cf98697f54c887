// IQ4_NL and IQ4_XS: four-bit indices into sixteen uneven steps, finer around zero.
// Source: ggml/src/ggml-common.h (kvalues_iq4nl, block_iq4_nl, block_iq4_xs), ggml-quants.c (dequantize_row_iq4_nl, …).
#pragma once

#include "formats/format.h"

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
    const float d = half_to_float(block.d);
    for (int i = 0; i < 8; ++i) {
      const int low = block.scales_low[i / 2] >> 4 * (i % 2) & 15;
      const int high = block.scales_high >> 2 * i & 3;
      out[i] = d * static_cast<float>((high << 4 | low) - 32);
    }
  }
};

using iq4_formats = FormatList<IQ4_NL, IQ4_XS>;

}  // namespace
}  // namespace ggufscope
