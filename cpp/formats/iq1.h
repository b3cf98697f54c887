// IQ1_S and IQ1_M: rows of eight from {−1, 0, +1}, moved up or down by ⅛, times a scale.
// Source: ggml/src/ggml-common.h (block_iq1_s, block_iq1_m), ggml-quants.c (dequantize_row_iq1_s, …_iq1_m).
#pragma once

#include "formats/codebook.h"
#include "formats/format.h"
#include "formats/grids/iq1.h"

namespace ggufscope {
namespace {

inline constexpr auto kIq1Grid = make_grid<8>(kIq1Values, kIq1Rows);

// Lanes 0-7 are one codeword, 8-15 the next; each has its own shift.
inline F32 decode_iq1(uint32_t first, uint32_t second, float first_shift, float second_shift) {
  const F32 shift = select(first_lanes(8), broadcast(first_shift), broadcast(second_shift));
  return to_f32(load_i8(kIq1Grid.row[first], kIq1Grid.row[second])) + shift;
}

inline float shift_of(uint32_t negative) { return negative != 0 ? -0.125F : 0.125F; }

// IQ1_S: w = (codeword + shift) · d · (2s + 1)
//
//   byte  0  1 │ 2   …    33 │ 34    …    49
//        ┌─────┬─────────────┬───────────────┐
//        │  d  │ qs: 32 × 8  │ qh: 8 × 16    │   weights 32i … 32i + 31: qs[4i … 4i + 3] and qh[i]
//        └─────┴─────────────┴───────────────┘
//
//   qh[i]  bit 15     14 … 12   11 … 9   8 … 6    5 … 3    2 … 0
//         ┌─────────┬─────────┬────────┬────────┬────────┬────────┐
//         │ shift < 0│   s    │ high bits of codewords 3, 2, 1, 0  │   codeword l: qs[4i + l] + 256 · high bits
//         └─────────┴─────────┴────────┴────────┴────────┴────────┘
struct IQ1_S {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint8_t qs[32];
    uint16_t qh[8];
  };
  static_assert(sizeof(Block) == 50);
  static constexpr uint32_t id = 19;
  static constexpr const char* name = "IQ1_S";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 8;

  static void decode(const Block& block, float* out) {
    float scale[8];
    scales(block, scale);
    for (int i = 0; i < 8; ++i, out += 32) {
      const uint32_t high = block.qh[i];
      const uint8_t* low = block.qs + 4 * i;
      const float shift = shift_of(high & 0x8000U);
      store(out, decode_iq1(low[0] | (high << 8 & 0x700U), low[1] | (high << 5 & 0x700U), shift, shift) *
                     broadcast(scale[i]));
      store(out + 16, decode_iq1(low[2] | (high << 2 & 0x700U), low[3] | (high >> 1 & 0x700U), shift, shift) *
                          broadcast(scale[i]));
    }
  }
  static void scales(const Block& block, float* out) {
    const float d = half_to_float(block.d);
    for (int i = 0; i < 8; ++i) out[i] = d * static_cast<float>(2 * (block.qh[i] >> 12 & 7) + 1);
  }
};

// IQ1_M: w = (codeword + shift) · d · (2s + 1), one s for sixteen weights and one shift for eight
//
//   byte  0   …   31 │ 32   …    47 │ 48     …     55
//        ┌───────────┬──────────────┬─────────────────┐
//        │ qs: 32 × 8│ qh: 32 × 4   │ scales: 4 × 16  │
//        └───────────┴──────────────┴─────────────────┘
//
//   qh nibble k (low nibble first): bits 2 … 0 high bits of codeword k, bit 3 its shift < 0; codeword k: weights 8k …
//
//   scales[i]  15 … 12       11 … 9    8 … 6     5 … 3     2 … 0
//             ┌────────────┬─────────┬─────────┬─────────┬────────┐
//             │ d's nibble i│ s(4i+3) │ s(4i+2) │ s(4i+1) │ s(4i)  │   d: four nibbles, lowest first, make a half
//             └────────────┴─────────┴─────────┴─────────┴────────┘
struct IQ1_M {
  struct [[gnu::packed]] Block {
    uint8_t qs[32];
    uint8_t qh[16];
    uint16_t scales[4];
  };
  static_assert(sizeof(Block) == 56);
  static constexpr uint32_t id = 29;
  static constexpr const char* name = "IQ1_M";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 16;

  static void decode(const Block& block, float* out) {
    float scale[16];
    scales(block, scale);
    for (int i = 0; i < 16; ++i, out += 16) {
      const uint32_t high = block.qh[i];
      const uint8_t* low = block.qs + 2 * i;
      store(out, decode_iq1(low[0] | (high << 8 & 0x700U), low[1] | (high << 4 & 0x700U), shift_of(high & 0x08U),
                            shift_of(high & 0x80U)) *
                     broadcast(scale[i]));
    }
  }
  static void scales(const Block& block, float* out) {
    const auto& word = block.scales;
    const int d = word[0] >> 12 | (word[1] >> 8 & 0xF0) | (word[2] >> 4 & 0xF00) | (word[3] & 0xF000);
    const float unit = half_to_float(static_cast<uint16_t>(d));
    for (int i = 0; i < 16; ++i) out[i] = unit * static_cast<float>(2 * (word[i / 4] >> 3 * (i % 4) & 7) + 1);
  }
};

using iq1_formats = FormatList<IQ1_S, IQ1_M>;

}  // namespace
}  // namespace ggufscope
