// IQ1_S and IQ1_M: rows of eight from {−1, 0, +1}, moved up or down by ⅛, times a scale.
// Source: ggml/src/ggml-common.h (block_iq1_s, block_iq1_m), ggml-quants.c (dequantize_row_iq1_s, …_iq1_m).
#pragma once

#include "formats/codebook.h"
#include "formats/format.h"
#include "formats/grids/iq1.h"

namespace ggufscope {
namespace {

inline constexpr auto kIq1Grid = make_grid<8>(kIq1Values, kIq1Rows);

// Two codewords, moved down in the lanes whose bit is set, up in the others.
inline F32 decode_iq1(uint32_t first, uint32_t second, uint32_t down) {
  const F32 shift = select(mask_from_bits(down), broadcast(-0.125F), broadcast(0.125F));
  return to_f32(load_i8(kIq1Grid.row[first], kIq1Grid.row[second])) + shift;
}

// IQ1_S: w = (codeword + shift) · d · (2s + 1)
//
//   byte  0  1 │ 2   …    33 │ 34    …    49
//        ┌─────┬─────────────┬───────────────┐
//        │  d  │ qs: 32 × 8  │ qh: 8 × 16    │   weights 32i … 32i + 31: qs[4i … 4i + 3] and qh[i]
//        └─────┴─────────────┴───────────────┘
//
//   qh[i]  bit 15   14 … 12   11 … 9   8 … 6   5 … 3   2 … 0
//         ┌───────┬─────────┬────────┬───────┬───────┬───────┐
//         │ down  │    s    │ high 3 │ high 2│ high 1│ high 0│   codeword l: qs[4i + l] + 256 · high l
//         └───────┴─────────┴────────┴───────┴───────┴───────┘
//
//   shift: −⅛ when down is set, else +⅛
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
      const uint32_t down = (high >> 15) * 0xFFFFU;
      store(out, decode_iq1(low[0] | (high << 8 & 0x700U), low[1] | (high << 5 & 0x700U), down) * broadcast(scale[i]));
      store(out + 16,
            decode_iq1(low[2] | (high << 2 & 0x700U), low[3] | (high >> 1 & 0x700U), down) * broadcast(scale[i]));
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
//   qh[i]  bit 7     6 … 4       3      2 … 0
//         ┌──────┬────────────┬──────┬──────────┐
//         │ down │ high(2i+1) │ down │ high(2i) │   codeword k: qs[k] + 256 · high(k), with its own down: weights 8k …
//         └──────┴────────────┴──────┴──────────┘
//
//   scales[i]  15 … 12      11 … 9    8 … 6     5 … 3     2 … 0
//             ┌────────────┬─────────┬─────────┬─────────┬───────┐
//             │ i-th part  │ s(4i+3) │ s(4i+2) │ s(4i+1) │ s(4i) │   the four parts, lowest first, are d, a half
//             │ of d       │         │         │         │       │
//             └────────────┴─────────┴─────────┴─────────┴───────┘
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
    keep_in_memory(scale);
    for (int i = 0; i < 16; ++i, out += 16) {
      const uint32_t high = block.qh[i];
      const uint8_t* low = block.qs + 2 * i;
      const uint32_t down = (high >> 3 & 1U) * 0x00FFU | (high >> 7) * 0xFF00U;
      store(out, decode_iq1(low[0] | (high << 8 & 0x700U), low[1] | (high << 4 & 0x700U), down) * broadcast(scale[i]));
    }
  }
  static void scales(const Block& block, float* out) {
    const int d = block.scales[0] >> 12 | (block.scales[1] >> 8 & 0xF0) | (block.scales[2] >> 4 & 0xF00) |
                  (block.scales[3] & 0xF000);
    const F32 unit = broadcast(half_to_float(static_cast<uint16_t>(d)));
    const I32 lane = iota();
    const I32 last_words = load_u16(reinterpret_cast<const uint8_t*>(&block) + sizeof(Block) - 32);  // 12-15: scales
    const I32 words = pick(last_words, shift_right<2>(lane) + broadcast(12));
    const I32 three_bits = shift_right(words, (lane & broadcast(3)) * broadcast(3)) & broadcast(7);
    store(out, to_f32(three_bits + three_bits + broadcast(1)) * unit);
  }
};

using iq1_formats = FormatList<IQ1_S, IQ1_M>;

}  // namespace
}  // namespace ggufscope
