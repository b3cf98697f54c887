// The K-quants without a minimum: w = step · (q − center).
#pragma once

#include "formats/k_bits.h"

namespace ggufscope {
namespace {

// Q3_K: w = d · (s − 32) · (q − 4)
//
//   byte  0      …      31 │ 32    …     95 │ 96   …   107 │ 108 109
//        ┌─────────────────┬────────────────┬──────────────┬─────────┐
//        │ hmask: 256 × 1  │ qs: 256 × 2    │ s: 16 × 6    │    d    │
//        └─────────────────┴────────────────┴──────────────┴─────────┘
//
//   q = 4 · hmask bit + qs field: weight 32g + j has bit g of hmask[j]; qs as in Q2_K
//
//   byte of s   7 6 5 4       3 2 1 0                       7 6       5 4      3 2     1 0
//             ┌────────────┬───────────┐                 ┌─────────┬────────┬───────┬──────┐
//     j < 8   │ s(j+8) 3…0 │ s(j) 3…0  │    8 + j, j < 4 │ s(j+12) │ s(j+8) │ s(j+4)│ s(j) │   bits 5 4 of each
//             └────────────┴───────────┘                 └─────────┴────────┴───────┴──────┘
struct Q3_K {
  struct [[gnu::packed]] Block {
    uint8_t hmask[32];
    uint8_t qs[64];
    uint8_t scales[12];
    uint16_t d;
  };
  static_assert(sizeof(Block) == 110);
  static constexpr uint32_t id = 11;
  static constexpr const char* name = "Q3_K";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 16;
  static constexpr int code_bits = 8;
  static constexpr int packed_bytes = 256;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 7;

  static void decode(const Block& block, float* out) {
    float steps[16];
    scales(block, steps);
    keep_in_memory(steps);
    each_coded(block, [&](int i, I32 code) { store(out + i, to_f32(code) * broadcast(steps[i / 16])); });
  }
  template <class Visit>
  static void each_coded(const Block& block, Visit visit) {
    uint8_t codes[256];
    packed_codes(block, codes);
    for (int i = 0; i < 16; ++i) {  // sub-block i, stored as the groups 0, 4, 1, 5, 2, 6, 3, 7 of two sub-blocks each
      const uint8_t* sub_block = codes + 64 * (i / 2 % 4) + 32 * (i / 8) + 16 * (i % 2);
      visit(16 * i, load_u8(sub_block) - broadcast(4));
    }
  }
  static void scales(const Block& block, float* out) {
    // The last sixteen bytes of the block: two of qs, twelve with the scales, d.
    const I32 tail = load_u8(reinterpret_cast<const uint8_t*>(&block) + sizeof(Block) - 16);
    const I32 lane = iota();
    const I32 upper = shift_right<3>(lane);  // 1 for scales 8-15
    const I32 low = pick(tail, (lane & broadcast(7)) + broadcast(2));
    const I32 high = pick(tail, (lane & broadcast(3)) + broadcast(10));
    const I32 low_bits = shift_right(low, shift_left<2>(upper)) & broadcast(15);
    const I32 high_bits = shift_right(high, shift_left<1>(shift_right<2>(lane))) & broadcast(3);
    const I32 signed_scale = (low_bits | shift_left<4>(high_bits)) - broadcast(32);
    store(out, to_f32(signed_scale) * broadcast(half_to_float(block.d)));
  }
  static Quads codes(const Block& block) {
    const I32 low = load_i32(block.qs);
    const I32 high = plane_twice<4>(load_i32(block.hmask), 0);
    const auto merge = [](I32 low_bits, I32 high_bit) { return in_each_byte<3>(low_bits) | in_each_byte<4>(high_bit); };
    return {{merge(low, shift_left<2>(high)), merge(shift_right<2>(low), shift_left<1>(high)),
             merge(shift_right<4>(low), high), merge(shift_right<6>(low), shift_right<1>(high))}};
  }
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {
    store_codes(codes(block), scratch);
    return scratch;
  }

  static constexpr int sub_block_elements = 16;
  static constexpr int blocks_per_group = 1;
  static constexpr int center = 4;
  static constexpr Magnitudes magnitudes = times(kHalves, 7);  // −32 … 31 times −4 … 3
  static Line line(const Block* block) { return centered_line<Q3_K>(block); }
  template <class Visit>
  static void each_quad(const Block* block, Visit visit) {
    for (const I32 quad : transposed(codes(*block)).of) visit(quad);
  }
  static constexpr int sub_block_of(int lane) { return lane / 8 * 8 + lane % 4 * 2 + lane / 4 % 2; }
};

// Q6_K: w = d · s · (q − 32)
//
//   byte  0     …    127 │ 128    …    191 │ 192  …   207 │ 208 209
//        ┌───────────────┬─────────────────┬──────────────┬─────────┐
//        │ ql: 256 × 4   │ qh: 256 × 2     │ s: 16 × int8 │    d    │   q = 16 · qh field + ql nibble
//        └───────────────┴─────────────────┴──────────────┴─────────┘
//
//   weights 0-127 from ql[0 … 63], qh[0 … 31]; 128-255 the same from ql[64 …], qh[32 …]
//   ql[j], j < 64: low nibble weight j, high nibble weight 64 + j
//
//   qh[j]  bit 7 6    5 4    3 2    1 0          j < 32
//         ┌───────┬───────┬───────┬───────┐
//         │ j + 96│ j + 64│ j + 32│   j   │
//         └───────┴───────┴───────┴───────┘
struct Q6_K {
  struct [[gnu::packed]] Block {
    uint8_t ql[128];
    uint8_t qh[64];
    int8_t scales[16];
    uint16_t d;
  };
  static_assert(sizeof(Block) == 210);
  static constexpr uint32_t id = 14;
  static constexpr const char* name = "Q6_K";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 16;
  static constexpr int code_bits = 8;
  static constexpr int packed_bytes = 256;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 63;

  static void decode(const Block& block, float* out) {
    float steps[16];
    scales(block, steps);
    keep_in_memory(steps);
    each_coded(block, [&](int i, I32 code) { store(out + i, to_f32(code) * broadcast(steps[i / 16])); });
  }
  template <class Visit>
  static void each_coded(const Block& block, Visit visit) {
    uint8_t codes[256];
    packed_codes(block, codes);
    for (int i = 0; i < 16; ++i) visit(16 * i, load_u8(codes + 16 * i) - broadcast(32));
  }
  static void scales(const Block& block, float* out) {
    store(out, to_f32(load_i8(block.scales)) * broadcast(half_to_float(block.d)));
  }
  static Quads codes(const Block& block) {
    const I32 planes = load_i32(block.qh);
    const auto merge = [](I32 low, I32 high) { return in_each_byte<15>(low) | in_each_byte<48>(high); };
    Quads codes{};
    for (int half = 0; half < 2; ++half) {
      const I32 low = load_i32(block.ql + 64 * half);
      const I32 high = plane_twice<2>(planes, half);
      codes.of[2 * half] = merge(low, shift_left<4>(high));
      codes.of[2 * half + 1] = merge(shift_right<4>(low), high);
    }
    return codes;
  }
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {
    store_codes(codes(block), scratch);
    return scratch;
  }

  static constexpr int sub_block_elements = 16;
  static constexpr int blocks_per_group = 1;
  static constexpr int center = 32;
  static constexpr Magnitudes magnitudes = times(kHalves, 12);  // −128 … 127 times −32 … 31
  static Line line(const Block* block) { return centered_line<Q6_K>(block); }
  template <class Visit>
  static void each_quad(const Block* block, Visit visit) {
    for (const I32 quad : transposed(codes(*block)).of) visit(minus_in_each_byte<center>(quad));
  }
  static constexpr int sub_block_of(int lane) { return lane / 4 + lane % 4 * 4; }
  static void swap_bytes(Block& block) { block.d = swap16(block.d); }
};

// Q8_K: w = d · q. The type of ggml's intermediate results; the sums of sixteen codes are not needed to decode.
//
//   byte  0 … 3 │ 4     …     259 │ 260    …     291
//        ┌──────┬─────────────────┬──────────────────┐
//        │ d f32│ qs: 256 × int8  │ sums: 16 × int16 │
//        └──────┴─────────────────┴──────────────────┘
struct Q8_K {
  struct [[gnu::packed]] Block {
    float d;
    int8_t qs[256];
    int16_t sums[16];
  };
  static_assert(sizeof(Block) == 292);
  static constexpr uint32_t id = 15;
  static constexpr const char* name = "Q8_K";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 1;
  static constexpr int code_bits = 8;
  static constexpr int packed_bytes = 256;
  static constexpr int lowest_code = -127;
  static constexpr int highest_code = 127;

  static void decode(const Block& block, float* out) {
    for (int i = 0; i < 256; i += 16) store(out + i, to_f32(load_i8(block.qs + i)) * broadcast(block.d));
  }
  static void scales(const Block& block, float* out) { out[0] = block.d; }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) {
    return reinterpret_cast<const uint8_t*>(block.qs);
  }
};

}  // namespace
}  // namespace ggufscope
