// The two-bit codebook types: rows of eight magnitudes from {8, 25, 43}, eight signs, a scale.
// Source: ggml/src/ggml-common.h (block_iq2_xxs …), ggml-quants.c (dequantize_row_iq2_xxs …).
#pragma once

#include "formats/codebook.h"
#include "formats/format.h"
#include "formats/grids/iq2.h"

namespace ggufscope {
namespace {

inline constexpr auto kIq2xxsGrid = make_grid<8>(kIq2xxsValues, kIq2xxsRows);
inline constexpr auto kIq2xsGrid = make_grid<8>(kIq2xsValues, kIq2xsRows);
inline constexpr auto kIq2sGrid = make_grid<8>(kIq2sValues, kIq2sRows);

// d · (½ + s) / 4 for sixteen 4-bit s.
inline void store_iq2_scales(uint16_t d, const uint8_t* nibbles, float* out) {
  const F32 half_steps = broadcast(0.5F) + to_f32(load_nibbles(nibbles));
  store(out, broadcast(half_to_float(d)) * half_steps * broadcast(0.25F));
}

// IQ2_XXS: w = ± codeword · d · (½ + s) / 4
//
//   byte  0  1 │ 2    …    9 │ … │ 58   …   65
//        ┌─────┬─────────────┬───┬─────────────┐
//        │  d  │ weights 0-31│ … │ 224-255     │
//        └─────┴─────────────┴───┴─────────────┘
//
//   32 weights  byte 0 … 3           bit 31 … 28   27 … 21   20 … 14   13 … 7    6 … 0   of the last four bytes
//              ┌───────────────────┬─────────────┬─────────┬─────────┬─────────┬─────────┐
//              │ four codewords    │      s      │ signs 3 │ signs 2 │ signs 1 │ signs 0 │   seven of eight signs
//              └───────────────────┴─────────────┴─────────┴─────────┴─────────┴─────────┘
struct IQ2_XXS {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint8_t qs[8][8];
  };
  static_assert(sizeof(Block) == 66);
  static constexpr uint32_t id = 16;
  static constexpr const char* name = "IQ2_XXS";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 8;

  static void decode(const Block& block, float* out) {
    float scale[8];
    scales(block, scale);
    for (int i = 0; i < 8; ++i, out += 32) {
      const uint8_t* code = block.qs[i];
      const uint32_t signs = read<uint32_t>(code + 4);
      const auto& row = kIq2xxsGrid.row;
      store(out, to_f32(load_u8(row[code[0]], row[code[1]])) * with_signs(scale[i], even_signs(signs, signs >> 7)));
      store(out + 16,
            to_f32(load_u8(row[code[2]], row[code[3]])) * with_signs(scale[i], even_signs(signs >> 14, signs >> 21)));
    }
  }
  static void scales(const Block& block, float* out) {
    const float d = half_to_float(block.d);
    for (int i = 0; i < 8; ++i) out[i] = d * (0.5F + static_cast<float>(block.qs[i][7] >> 4)) * 0.25F;
  }
};

// IQ2_XS: w = ± codeword · d · (½ + s) / 4
//
//   byte  0  1 │ 2     …     65 │ 66    …    73
//        ┌─────┬────────────────┬───────────────┐
//        │  d  │ qs: 32 × 16    │ s: 16 × 4     │   qs[k]: weights 8k …; s nibble j, low first: weights 16j …
//        └─────┴────────────────┴───────────────┘
//
//   qs[k]  bit 15 … 9      8 … 0
//         ┌──────────────┬──────────┐
//         │ seven signs  │ codeword │
//         └──────────────┴──────────┘
struct IQ2_XS {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint16_t qs[32];
    uint8_t scales[8];
  };
  static_assert(sizeof(Block) == 74);
  static constexpr uint32_t id = 17;
  static constexpr const char* name = "IQ2_XS";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 16;

  static void decode(const Block& block, float* out) {
    float scale[16];
    scales(block, scale);
    keep_in_memory(scale);
    for (int i = 0; i < 16; ++i, out += 16) {
      const uint32_t first = block.qs[2 * i];
      const uint32_t second = block.qs[2 * i + 1];
      const uint32_t negative = even_signs(first >> 9, second >> 9);
      const I32 magnitude = load_u8(kIq2xsGrid.row[first & 511U], kIq2xsGrid.row[second & 511U]);
      store(out, to_f32(magnitude) * with_signs(scale[i], negative));
    }
  }
  static void scales(const Block& block, float* out) { store_iq2_scales(block.d, block.scales, out); }
};

// IQ2_S: w = ± codeword · d · (½ + s) / 4
//
//   byte  0  1 │ 2   …    33 │ 34    …    65 │ 66   …   73 │ 74   …   81
//        ┌─────┬─────────────┬───────────────┬─────────────┬─────────────┐
//        │  d  │ qs: 32 × 8  │ signs: 32 × 8 │ qh: 32 × 2  │ s: 16 × 4   │   codeword k: qs[k] + 256 · qh(k),
//        └─────┴─────────────┴───────────────┴─────────────┴─────────────┘   weights 8k …; fields low bits first
struct IQ2_S {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint8_t qs[32];
    uint8_t signs[32];
    uint8_t qh[8];
    uint8_t scales[8];
  };
  static_assert(sizeof(Block) == 82);
  static constexpr uint32_t id = 22;
  static constexpr const char* name = "IQ2_S";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 16;

  static void decode(const Block& block, float* out) {
    float scale[16];
    scales(block, scale);
    keep_in_memory(scale);
    for (int i = 0; i < 16; ++i, out += 16) {
      const uint32_t high = static_cast<uint32_t>(block.qh[i / 2]) >> 4 * (i % 2);
      const uint32_t first = block.qs[2 * i] | (high << 8 & 0x300U);
      const uint32_t second = block.qs[2 * i + 1] | (high << 6 & 0x300U);
      const uint32_t negative = read<uint16_t>(block.signs + 2 * i);
      store(out, to_f32(load_u8(kIq2sGrid.row[first], kIq2sGrid.row[second])) * with_signs(scale[i], negative));
    }
  }
  static void scales(const Block& block, float* out) { store_iq2_scales(block.d, block.scales, out); }
};

using iq2_formats = FormatList<IQ2_XXS, IQ2_XS, IQ2_S>;

}  // namespace
}  // namespace ggufscope
