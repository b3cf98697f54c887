// The three-bit codebook types: rows of four magnitudes, signs, a scale.
// Source: ggml/src/ggml-common.h (block_iq3_xxs, block_iq3_s), ggml-quants.c (dequantize_row_iq3_xxs, …_iq3_s).
#pragma once

#include "formats/codebook.h"
#include "formats/format.h"
#include "formats/grids/iq3.h"

namespace ggufscope {
namespace {

inline constexpr auto kIq3xxsGrid = make_grid<4>(kIq3xxsValues, kIq3xxsRows);
inline constexpr auto kIq3sGrid = make_grid<4>(kIq3sValues, kIq3sRows);

// IQ3_XXS: w = ± codeword · d · (½ + s) / 2
//
//   byte  0  1 │ 2   …    65 │ 66     …     97
//        ┌─────┬─────────────┬─────────────────┐
//        │  d  │ qs: 64 × 8  │ tail: 8 × 32    │   codeword qs[k]: weights 4k …; tail[i]: weights 32i …
//        └─────┴─────────────┴─────────────────┘
//
//   tail[i]  bit 31 … 28   27 … 21   20 … 14   13 … 7    6 … 0
//           ┌────────────┬─────────┬─────────┬─────────┬─────────┐
//           │     s      │ signs 3 │ signs 2 │ signs 1 │ signs 0 │   seven of the signs of eight weights
//           └────────────┴─────────┴─────────┴─────────┴─────────┘
struct IQ3_XXS {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint8_t qs[64];
    uint8_t tail[8][4];
  };
  static_assert(sizeof(Block) == 98);
  static constexpr uint32_t id = 18;
  static constexpr const char* name = "IQ3_XXS";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 8;

  static void decode(const Block& block, float* out) {
    float scale[8];
    scales(block, scale);
    const auto& row = kIq3xxsGrid.row;
    for (int i = 0; i < 8; ++i, out += 32) {
      const uint8_t* code = block.qs + 8 * i;
      const uint32_t signs = read<uint32_t>(block.tail[i]);
      const I32 first = load_u8(row[code[0]], row[code[1]], row[code[2]], row[code[3]]);
      const I32 second = load_u8(row[code[4]], row[code[5]], row[code[6]], row[code[7]]);
      store(out, to_f32(first) * with_signs(scale[i], even_signs(signs, signs >> 7)));
      store(out + 16, to_f32(second) * with_signs(scale[i], even_signs(signs >> 14, signs >> 21)));
    }
  }
  static void scales(const Block& block, float* out) {
    const float d = half_to_float(block.d);
    for (int i = 0; i < 8; ++i) out[i] = d * (0.5F + static_cast<float>(block.tail[i][3] >> 4)) * 0.5F;
  }
};

// IQ3_S: w = ± codeword · d · (1 + 2s)
//
//   byte  0  1 │ 2   …    65 │ 66   …   73 │ 74    …   105 │ 106  … 109
//        ┌─────┬─────────────┬─────────────┬───────────────┬────────────┐
//        │  d  │ qs: 64 × 8  │ qh: 64 × 1  │ signs: 32 × 8 │ s: 8 × 4   │   codeword k: qs[k] + 256 · qh(k),
//        └─────┴─────────────┴─────────────┴───────────────┴────────────┘   weights 4k …; fields low bits first
struct IQ3_S {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint8_t qs[64];
    uint8_t qh[8];
    uint8_t signs[32];
    uint8_t scales[4];
  };
  static_assert(sizeof(Block) == 110);
  static constexpr uint32_t id = 21;
  static constexpr const char* name = "IQ3_S";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 8;

  static void decode(const Block& block, float* out) {
    float scale[8];
    scales(block, scale);
    for (int i = 0; i < 16; ++i, out += 16) {
      const uint32_t high = static_cast<uint32_t>(block.qh[i / 2]) >> 4 * (i % 2);
      const uint32_t negative = read<uint16_t>(block.signs + 2 * i);
      store(out, to_f32(load_rows(block.qs + 4 * i, high)) * with_signs(scale[i / 2], negative));
    }
  }
  static void scales(const Block& block, float* out) {
    const float d = half_to_float(block.d);
    for (int i = 0; i < 8; ++i) out[i] = d * static_cast<float>(1 + 2 * (block.scales[i / 2] >> 4 * (i % 2) & 15));
  }

 private:
  static I32 load_rows(const uint8_t* low, uint32_t high) {
    const auto& row = kIq3sGrid.row;
    return load_u8(row[low[0] | (high << 8 & 256U)], row[low[1] | (high << 7 & 256U)], row[low[2] | (high << 6 & 256U)],
                   row[low[3] | (high << 5 & 256U)]);
  }
};

using iq3_formats = FormatList<IQ3_XXS, IQ3_S>;

}  // namespace
}  // namespace ggufscope
