// The first generation's blocks without a minimum: w = step · (q − center).
#pragma once

#include "formats/legacy_bits.h"

namespace ggufscope {
namespace {

// Q4_0: w = (q − 8) · d
//
//   byte  0   1 │ 2      …      17
//        ┌──────┬────────────────┐
//        │  d   │       qs       │
//        └──────┴────────────────┘
struct Q4_0 {
  struct [[gnu::packed]] Block {
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
    store(out, to_f32(low_nibbles(q) - broadcast(8)) * d);
    store(out + 16, to_f32(high_nibbles(q) - broadcast(8)) * d);
  }
  template <class Visit>
  static void each_square(const Block& block, const Lines& lines, Visit visit) {
    const F32 weights = to_f32(iota() - broadcast(8)) * broadcast(lines.steps[0]);
    const F32 squares = weights * weights;
    const I32 q = load_u8(block.qs);
    visit(0, pick(squares, q));
    visit(16, pick(squares, shift_right<4>(q)));
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) { return block.qs; }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 16;
  static constexpr int center = 8;
  static constexpr Magnitudes magnitudes = times(kHalves, 3);  // −8 … 7
  static Line line(const Block* sixteen) { return line_of_halves(sixteen, center); }
  template <class Visit>
  static void each_quad(const Block* sixteen, Visit visit) {
    each_quad_of_nibbles(sixteen->qs, sizeof(Block), visit);
  }
  static constexpr int sub_block_of(int lane) { return lane; }
  static uint16_t stored_step(const Block& block) { return block.d; }
  static float step_of(uint16_t stored) { return half_to_float(stored); }
  static NibblePlanes planes(const Block* sixteen) { return planes_of_sixteens(sixteen->qs, sizeof(Block)); }
  static void swap_bytes(Block& block) { block.d = swap16(block.d); }
};

// Q5_0: w = (q − 16) · d
//
//   byte  0   1 │ 2  …  5 │ 6      …      21
//        ┌──────┬─────────┬────────────────┐
//        │  d   │   qh    │       qs       │
//        └──────┴─────────┴────────────────┘
struct Q5_0 {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint32_t qh;
    uint8_t qs[16];
  };
  static_assert(sizeof(Block) == 22);
  static constexpr uint32_t id = 6;
  static constexpr const char* name = "Q5_0";
  static constexpr int elements = 32;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 8;
  static constexpr int packed_bytes = 32;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 31;

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    each_coded(block, [&](int i, I32 code) { store(out + i, to_f32(code) * d); });
  }
  template <class Visit>
  static void each_coded(const Block& block, Visit visit) {
    const I32 q = load_u8(block.qs);
    visit(0, (low_nibbles(q) | fifth_bits(block.qh)) - broadcast(16));
    visit(16, (high_nibbles(q) | fifth_bits(block.qh >> 16)) - broadcast(16));
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {
    return unpack_five_bits(block.qs, block.qh, scratch);
  }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 16;
  static constexpr int center = 16;
  static constexpr Magnitudes magnitudes = times(kHalves, 4);  // −16 … 15
  static Line line(const Block* sixteen) { return line_of_halves(sixteen, center); }
  template <class Visit>
  static void each_quad(const Block* sixteen, Visit visit) {
    each_quad_of_five_bits(sixteen, [&](I32 quad) { visit(minus_in_each_byte<center>(quad)); });
  }
  static constexpr int sub_block_of(int lane) { return lane; }
};

// Q8_0: w = q · d with signed q
//
//   byte  0   1 │ 2      …      33
//        ┌──────┬────────────────┐
//        │  d   │ q0 q1  …  q31  │
//        └──────┴────────────────┘
//
// ggml's quantizer rounds w / (max |w| / 127): its extremes are ±127, and −128 is no code it writes.
struct Q8_0 {
  struct [[gnu::packed]] Block {
    uint16_t d;
    int8_t qs[32];
  };
  static_assert(sizeof(Block) == 34);
  static constexpr uint32_t id = 8;
  static constexpr const char* name = "Q8_0";
  static constexpr int elements = 32;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 8;
  static constexpr int packed_bytes = 32;
  static constexpr int lowest_code = -127;
  static constexpr int highest_code = 127;

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    each_coded(block, [&](int i, I32 code) { store(out + i, to_f32(code) * d); });
  }
  template <class Visit>
  static void each_coded(const Block& block, Visit visit) {
    visit(0, load_i8(block.qs));
    visit(16, load_i8(block.qs + 16));
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) {
    return reinterpret_cast<const uint8_t*>(block.qs);
  }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 16;
  static constexpr int center = 0;
  static constexpr Magnitudes magnitudes = times(kHalves, 7);  // −128 … 127
  static Line line(const Block* sixteen) { return line_of_halves(sixteen, center); }
  template <class Visit>
  static void each_quad(const Block* sixteen, Visit visit) {
    for (int half = 0; half < 32; half += 16) {
      for (const I32 quad : quads_of(sixteen->qs + half, sizeof(Block)).of) visit(quad);
    }
  }
  static constexpr int sub_block_of(int lane) { return lane; }
  static void swap_bytes(Block& block) { block.d = swap16(block.d); }
};

// Q8_1: w = q · d; s = d · Σq saves dot products a sum and is no part of a weight
//
//   byte  0   1 │ 2   3 │ 4      …      35
//        ┌──────┬───────┬────────────────┐
//        │  d   │   s   │ q0 q1  …  q31  │
//        └──────┴───────┴────────────────┘
//
// ggml quantizes activations to it and has no row decoder.
struct Q8_1 {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint16_t s;
    int8_t qs[32];
  };
  static_assert(sizeof(Block) == 36);
  static constexpr uint32_t id = 9;
  static constexpr const char* name = "Q8_1";
  static constexpr int elements = 32;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 8;
  static constexpr int packed_bytes = 32;
  static constexpr int lowest_code = -127;
  static constexpr int highest_code = 127;

  static void decode(const Block& block, float* out) {
    const F32 d = broadcast(half_to_float(block.d));
    store(out, to_f32(load_i8(block.qs)) * d);
    store(out + 16, to_f32(load_i8(block.qs + 16)) * d);
  }
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) {
    return reinterpret_cast<const uint8_t*>(block.qs);
  }
};

}  // namespace
}  // namespace ggufscope
