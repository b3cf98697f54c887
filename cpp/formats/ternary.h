// One or two bits per weight on a line of two, three or four levels: Q1_0, Q2_0 and the ternary types of TriLM and
// BitNet b1.58. Source: ggml/src/ggml-common.h (block_q1_0, block_tq1_0 …), ggml-quants.c (dequantize_row_tq1_0 …).
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

// Q1_0: w = +d where the bit is set, −d elsewhere
//
//   byte  0   1 │ 2        …         17
//        ┌──────┬─────────────────────┐
//        │  d   │ 128 bits, low first │
//        └──────┴─────────────────────┘
struct Q1_0 {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint16_t qs[8];
  };
  static_assert(sizeof(Block) == 18);
  static constexpr uint32_t id = 41;
  static constexpr const char* name = "Q1_0";
  static constexpr int elements = 128;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 1;
  static constexpr int packed_bytes = 16;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 1;

  static void decode(const Block& block, float* out) {
    const float d = half_to_float(block.d);
    const F32 set = broadcast(d);
    const F32 clear = broadcast(-d);
    for (int i = 0; i < 8; ++i) store(out + 16 * i, select(mask_from_bits(block.qs[i]), set, clear));
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) {
    return reinterpret_cast<const uint8_t*>(&block) + sizeof block.d;
  }
};

// Q2_0: w = (q − 1) · d, so −d, 0, d or 2d
//
//   byte  0   1 │ 2                  …                  17
//        ┌──────┬────────────────────────────────────────┐
//        │  d   │ 64 codes of two bits, low first: byte j │
//        │      │ holds weights 4j, 4j+1, 4j+2, 4j+3     │
//        └──────┴────────────────────────────────────────┘
struct Q2_0 {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint32_t qs[4];
  };
  static_assert(sizeof(Block) == 18);
  static constexpr uint32_t id = 42;
  static constexpr const char* name = "Q2_0";
  static constexpr int elements = 64;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 2;
  static constexpr int packed_bytes = 16;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 3;

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    const I32 place = shift_left<1>(iota());
    for (int i = 0; i < 4; ++i) {
      const I32 q = shift_right(broadcast(block.qs[i]), place) & broadcast(3);
      store(out + 16 * i, to_f32(q - broadcast(1)) * d);
    }
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) {
    return reinterpret_cast<const uint8_t*>(&block) + sizeof block.d;
  }
};

// TQ1_0: w = (q − 1) · d, q ∈ {0, 1, 2}, five to a byte
//
//   byte  0        …        31 │ 32     …     47 │ 48   …   51 │ 52  53
//        ┌─────────────────────┬─────────────────┬─────────────┬───────┐
//        │ 5 × 32 weights      │ 5 × 16 weights  │ 4 × 4       │   d   │
//        └─────────────────────┴─────────────────┴─────────────┴───────┘
//
// A byte is the fraction 0.q₀q₁q₂q₃q₄ in base three, times 256 and rounded up. Multiplied by 3ⁿ modulo 256 it loses
// its first n digits; the digit that is then first is what a further factor 3 carries over 256. Weights run through
// the bytes of a group for n = 0, then for n = 1, and so on.
struct TQ1_0 {
  struct [[gnu::packed]] Block {
    uint8_t qs[52];
    uint16_t d;
  };
  static_assert(sizeof(Block) == 54);
  static constexpr uint32_t id = 34;
  static constexpr const char* name = "TQ1_0";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 2;
  static constexpr int packed_bytes = 64;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 2;

  static I32 without_first_digit(I32 bytes) { return bytes * broadcast(3) & broadcast(255); }
  static I32 first_digit(I32 bytes) { return shift_right<8>(bytes * broadcast(3)); }

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    const auto weights = [&](I32 bytes) { return to_f32(first_digit(bytes) - broadcast(1)) * d; };
    I32 a = load_u8(block.qs);
    I32 b = load_u8(block.qs + 16);
    I32 c = load_u8(block.qs + 32);
    for (int n = 0; n < 5; ++n) {
      store(out + 32 * n, weights(a));
      store(out + 32 * n + 16, weights(b));
      store(out + 160 + 16 * n, weights(c));
      a = without_first_digit(a);
      b = without_first_digit(b);
      c = without_first_digit(c);
    }
    static constexpr uint8_t powers[16] = {1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27};
    const uint8_t* four = block.qs + 48;
    store(out + 240, weights(load_u8(four, four, four, four) * load_u8(powers) & broadcast(255)));
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }

  // The first four digits of each of the 52 bytes fill one byte of two-bit codes; the fifth digits of the first 48,
  // four at a time, fill the last twelve.
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {
    const auto digit = [&](int byte, unsigned power) { return (block.qs[byte] * power & 255U) * 3U >> 8; };
    for (int i = 0; i < 52; ++i) {
      scratch[i] = static_cast<uint8_t>(digit(i, 1) | digit(i, 3) << 2 | digit(i, 9) << 4 | digit(i, 27) << 6);
    }
    for (int i = 0; i < 12; ++i) {
      scratch[52 + i] =
          static_cast<uint8_t>(digit(i, 81) | digit(i + 12, 81) << 2 | digit(i + 24, 81) << 4 | digit(i + 36, 81) << 6);
    }
    return scratch;
  }
};

// TQ2_0: w = (q − 1) · d, q ∈ {0, 1, 2} (3 is never written; it would read 2d)
//
//   byte  0        …        31 │ 32       …      63 │ 64  65
//        ┌─────────────────────┬────────────────────┬───────┐
//        │ weights 0 … 127     │ weights 128 … 255  │   d   │
//        └─────────────────────┴────────────────────┴───────┘
//
// Bits 2n, 2n+1 of byte j of a half are its weight 32n + j.
struct TQ2_0 {
  struct [[gnu::packed]] Block {
    uint8_t qs[64];
    uint16_t d;
  };
  static_assert(sizeof(Block) == 66);
  static constexpr uint32_t id = 35;
  static constexpr const char* name = "TQ2_0";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 2;
  static constexpr int packed_bytes = 64;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 2;

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    for (int group = 0; group < 4; ++group) {  // sixteen bytes, their weights 32 apart
      I32 q = load_u8(block.qs + 16 * group);
      float* weights = out + 128 * (group / 2) + 16 * (group % 2);
      for (int n = 0; n < 4; ++n) {
        store(weights + 32 * n, to_f32((q & broadcast(3)) - broadcast(1)) * d);
        q = shift_right<2>(q);
      }
    }
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) { return block.qs; }
};

using ternary_formats = FormatList<Q1_0, Q2_0, TQ1_0, TQ2_0>;

}  // namespace
}  // namespace ggufscope
