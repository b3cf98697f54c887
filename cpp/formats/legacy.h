// The first generation of ggml quantization: blocks of 32 weights with one or two half-precision numbers.
// Source: ggml/src/ggml-common.h (block_q4_0 …), ggml-quants.c (dequantize_row_q4_0 …).
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

// Q4_0: w = (q − 8) · d
//
//   byte  0   1 │ 2            …             17
//        ┌──────┬─────────────────────────────┐
//        │  d   │ q0 q16│ q1 q17│ … │ q15 q31  │   low nibble: weight j, high nibble: weight j + 16
//        └──────┴─────────────────────────────┘
struct Q4_0 {
  struct Block {
    uint16_t d;
    uint8_t qs[16];
  };
  static_assert(sizeof(Block) == 18);
  static constexpr uint32_t id = 2;
  static constexpr const char* name = "Q4_0";
  static constexpr int elements = 32;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 4;
  static constexpr int packed_bytes = 16;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 15;

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    const I32 q = load_u8(block.qs);
    store(out, to_f32((q & broadcast(15)) - broadcast(8)) * d);
    store(out + 16, to_f32(shift_right<4>(q) - broadcast(8)) * d);
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) { return block.qs; }
  static void swap_bytes(Block& block) { block.d = swap16(block.d); }
};

using legacy_formats = FormatList<Q4_0>;

}  // namespace
}  // namespace ggufscope
