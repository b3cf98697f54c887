// The first generation's blocks with a minimum: w = step · q + minimum.
#pragma once

#include "formats/legacy_bits.h"

namespace ggufscope {
namespace {

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
  static void scales(const Block& block, float* out) { out[0] = half_to_float(block.d); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) { return block.qs; }
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
};

}  // namespace
}  // namespace ggufscope
