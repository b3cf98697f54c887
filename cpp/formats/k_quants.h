// The K-quants: super-blocks of 256 weights in sub-blocks of 16 or 32, each with a quantized scale of its own.
// Source: ggml/src/ggml-common.h (block_q2_K …), ggml-quants.c (dequantize_row_q2_K …).
//
// Codes that are split into low and high bits are put together 64 bytes at a time, four codes to a lane; a mask drops
// what a shift carried over from the neighbouring byte. Decoding reads the bytes back, sixteen at a time.
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

template <int Field>
inline I32 in_each_byte(I32 x) {
  return x & broadcast(Field * 0x01010101U);
}

// High bits of 256 weights fill only 32 bytes (1 bit each), of 128 weights too (2 bits): one plane serves several
// groups of weights. Lanes 0-7 get plane `which` (0 or 1) of 32 bytes, lanes 8-15 the same bytes shifted right by
// Shift, so that two groups are taken from it at once.
template <int Shift>
inline I32 plane_twice(I32 planes, int which) {
  static_assert(Shift == 2 || Shift == 4);
  const I32 bytes = pick(planes, (iota() & broadcast(7)) + broadcast(8 * which));
  const I32 upper_half = iota() & broadcast(8);
  return shift_right(bytes, Shift == 2 ? shift_right<2>(upper_half) : shift_right<1>(upper_half));
}

// Q2_K: w = d · s · q − dmin · m
//
//   byte  0    …     15 │ 16    …    79 │ 80 81 │ 82 83
//        ┌──────────────┬───────────────┬───────┬───────┐
//        │ 16 × (m, s)  │ qs: 256 × 2   │   d   │ dmin  │   sub-block i, 16 weights: s low nibble i, m high nibble i
//        └──────────────┴───────────────┴───────┴───────┘
//
//   qs[j]  bit 7 6    5 4    3 2    1 0          j = 0 … 31
//         ┌───────┬───────┬───────┬───────┐
//         │ j + 96│ j + 64│ j + 32│   j   │   qs[32 + j] the same of weights 128 …
//         └───────┴───────┴───────┴───────┘
struct Q2_K {
  struct [[gnu::packed]] Block {
    uint8_t scales[16];
    uint8_t qs[64];
    uint16_t d;
    uint16_t dmin;
  };
  static_assert(sizeof(Block) == 84);
  static constexpr uint32_t id = 10;
  static constexpr const char* name = "Q2_K";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 16;
  static constexpr int code_bits = 2;
  static constexpr int packed_bytes = 64;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 3;

  static void decode(const Block& block, float* out) {
    float scale[16];
    float minimum[16];
    scales(block, scale);
    store(minimum, to_f32(shift_right<4>(load_u8(block.scales))) * broadcast(half_to_float(block.dmin)));
    keep_in_memory(scale);
    keep_in_memory(minimum);
    for (int i = 0; i < 4; ++i) {  // sixteen bytes of qs: one half of four groups of 32
      const I32 codes = load_u8(block.qs + 16 * i);
      const int first = 8 * (i / 2) + i % 2;
      decode_group(codes, first, scale, minimum, out);
      decode_group(shift_right<2>(codes), first + 2, scale, minimum, out);
      decode_group(shift_right<4>(codes), first + 4, scale, minimum, out);
      decode_group(shift_right<6>(codes), first + 6, scale, minimum, out);
    }
  }
  static void scales(const Block& block, float* out) {
    store(out, to_f32(load_u8(block.scales) & broadcast(15)) * broadcast(half_to_float(block.d)));
  }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) { return block.qs; }

 private:
  static void decode_group(I32 codes, int i, const float* scale, const float* minimum, float* out) {
    store(out + 16 * i, to_f32(codes & broadcast(3)) * broadcast(scale[i]) - broadcast(minimum[i]));
  }
};

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
    float scale[16];
    uint8_t codes[256];
    scales(block, scale);
    keep_in_memory(scale);
    packed_codes(block, codes);
    for (int i = 0; i < 16; ++i) {  // sub-block i, stored as the groups 0, 4, 1, 5, 2, 6, 3, 7 of two sub-blocks each
      const uint8_t* sub_block = codes + 64 * (i / 2 % 4) + 32 * (i / 8) + 16 * (i % 2);
      store(out + 16 * i, to_f32(load_u8(sub_block) - broadcast(4)) * broadcast(scale[i]));
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
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {
    const I32 low = load_i32(block.qs);
    const I32 high = plane_twice<4>(load_i32(block.hmask), 0);
    const auto merge = [](I32 low_bits, I32 high_bit) { return in_each_byte<3>(low_bits) | in_each_byte<4>(high_bit); };
    store_i32(scratch, merge(low, shift_left<2>(high)));
    store_i32(scratch + 64, merge(shift_right<2>(low), shift_left<1>(high)));
    store_i32(scratch + 128, merge(shift_right<4>(low), high));
    store_i32(scratch + 192, merge(shift_right<6>(low), shift_right<1>(high)));
    return scratch;
  }
};

// Q4_K and Q5_K begin with the same sixteen bytes: d, dmin and eight 6-bit scales s and minima m
//
//   byte  0  1 │ 2   3 │ 4 … 7 │ 8 … 11 │ 12 … 15
//        ┌─────┬───────┬───────┬────────┬─────────┐
//        │  d  │ dmin  │ a0-a3 │ b0-b3  │ c0-c3   │
//        └─────┴───────┴───────┴────────┴─────────┘
//
//         7 6            5 … 0                  7 6            5 … 0               7 … 4        3 … 0
//       ┌────────────┬───────────┐           ┌────────────┬──────────┐          ┌────────────┬────────────┐
//    aj │ s(j+4) 5 4 │ s(j)      │        bj │ m(j+4) 5 4 │ m(j)     │       cj │ m(j+4) 3…0 │ s(j+4) 3…0 │
//       └────────────┴───────────┘           └────────────┴──────────┘          └────────────┴────────────┘
//
// Lanes 0-7 become s, 8-15 m: a low part, shifted and masked, and for each second four a high part from bits 7 6.
inline constexpr uint8_t kSixBitLowFrom[16] = {4, 5, 6, 7, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15};
inline constexpr uint8_t kSixBitLowShift[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4};
inline constexpr uint8_t kSixBitLowMask[16] = {63, 63, 63, 63, 15, 15, 15, 15, 63, 63, 63, 63, 15, 15, 15, 15};
inline constexpr uint8_t kSixBitHighFrom[16] = {0, 0, 0, 0, 4, 5, 6, 7, 0, 0, 0, 0, 8, 9, 10, 11};
inline constexpr uint8_t kSixBitHighMask[16] = {0, 0, 0, 0, 48, 48, 48, 48, 0, 0, 0, 0, 48, 48, 48, 48};

// out[0 … 7]: d · s, out[8 … 15]: dmin · m
inline void store_scales_and_minima(const void* block, uint16_t d, uint16_t dmin, float* out) {
  const I32 byte = load_u8(block);
  const I32 low = shift_right(pick(byte, load_u8(kSixBitLowFrom)), load_u8(kSixBitLowShift));
  const I32 high = shift_right<2>(pick(byte, load_u8(kSixBitHighFrom)));
  const I32 six_bits = (low & load_u8(kSixBitLowMask)) | (high & load_u8(kSixBitHighMask));
  const F32 unit = select(first_lanes(8), broadcast(half_to_float(d)), broadcast(half_to_float(dmin)));
  store(out, to_f32(six_bits) * unit);
}

inline void store_scales(const void* block, uint16_t d, uint16_t dmin, float* out) {
  float both[16];
  store_scales_and_minima(block, d, dmin, both);
  std::memcpy(out, both, 8 * sizeof(float));
}

// Q4_K: w = d · s · q − dmin · m
//
//   byte  0        …         15 │ 16     …     47 │ 48  …  79 │ 80  …  111 │ 112 … 143
//        ┌──────────────────────┬─────────────────┬───────────┬────────────┬───────────┐
//        │ d, dmin, s, m (above)│ qs: weights 0-63│ 64-127    │ 128-191    │ 192-255   │
//        └──────────────────────┴─────────────────┴───────────┴────────────┴───────────┘
//
//   qs[32c + j], j = 0 … 31: low nibble weight 64c + j (sub-block 2c), high nibble weight 64c + 32 + j (2c + 1)
struct Q4_K {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint16_t dmin;
    uint8_t scales[12];
    uint8_t qs[128];
  };
  static_assert(sizeof(Block) == 144);
  static constexpr uint32_t id = 12;
  static constexpr const char* name = "Q4_K";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 8;
  static constexpr int code_bits = 4;
  static constexpr int packed_bytes = 128;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 15;

  static void decode(const Block& block, float* out) {
    each_sixteen(block, [&](int first, F32 weights) { store(out + first, weights); });
  }
  template <class Visit>
  static void each_sixteen(const Block& block, Visit visit) {
    float scale[16];
    const float* minimum = scale + 8;
    store_scales_and_minima(&block, block.d, block.dmin, scale);
    keep_in_memory(scale);
    for (int i = 0; i < 8; ++i) {  // sixteen bytes of qs: one half of two sub-blocks
      const I32 codes = load_u8(block.qs + 16 * i);
      const int low = i / 2 * 2;
      const int high = low + 1;
      const int half = 16 * (i % 2);
      visit(half + 32 * low, to_f32(codes & broadcast(15)) * broadcast(scale[low]) - broadcast(minimum[low]));
      visit(half + 32 * high, to_f32(shift_right<4>(codes)) * broadcast(scale[high]) - broadcast(minimum[high]));
    }
  }
  static void scales(const Block& block, float* out) { store_scales(&block, block.d, block.dmin, out); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) { return block.qs; }

  static constexpr int blocks_per_group = 2;
  static NibblePlanes planes(const Block* two) { return planes_of_pairs(two[0].qs, two[1].qs); }
  static Line line(const Block* two) {
    const I32 ab = load_u8(two[0].scales, two[1].scales);          // a0-a3, b0-b3 of each
    const I32 bc = load_u8(two[0].scales + 4, two[1].scales + 4);  // b0-b3, c0-c3
    const I32 a = pick(ab, iota() ^ broadcast(4));
    const Mask second_four = mask_from_bits(0xF0F0);
    const I32 s = select(second_four, (bc & broadcast(15)) | (shift_right<2>(a) & broadcast(48)), ab & broadcast(63));
    const I32 m = select(second_four, shift_right<4>(bc) | (shift_right<2>(ab) & broadcast(48)), bc & broadcast(63));
    const auto units = [](uint16_t first, uint16_t second) {
      return select(first_lanes(8), broadcast(half_to_float(first)), broadcast(half_to_float(second)));
    };
    return {to_f32(s) * units(two[0].d, two[1].d), to_f32(m) * units(two[0].dmin, two[1].dmin)};
  }
  // With x and y the places of the last bits of d and dmin, |d · s · q| < 945 · 2^(x + 11) and |dmin · m| < 63 · 2^(y +
  // 11). Their difference or sum then spans the 24 bits of a float32 at most.
  static bool rounds_nothing(const Block* two) {
    const auto fits = [](const Block& block) {
      const int apart = half_last_bit(block.dmin) - half_last_bit(block.d);
      return -3 <= apart && apart <= 6 && is_finite_half(block.d) && is_finite_half(block.dmin);
    };
    return fits(two[0]) && fits(two[1]);
  }
  static void swap_bytes(Block& block) {
    block.d = swap16(block.d);
    block.dmin = swap16(block.dmin);
  }
};

// Q5_K: w = d · s · q − dmin · m
//
//   byte  0        …         15 │ 16    …     47 │ 48    …     175
//        ┌──────────────────────┬────────────────┬─────────────────┐
//        │ d, dmin, s, m (above)│ qh: 256 × 1    │ qs: 256 × 4     │   q = 16 · qh bit + qs nibble: weight 32g + j
//        └──────────────────────┴────────────────┴─────────────────┘   has bit g of qh[j]; qs as in Q4_K
struct Q5_K {
  struct [[gnu::packed]] Block {
    uint16_t d;
    uint16_t dmin;
    uint8_t scales[12];
    uint8_t qh[32];
    uint8_t qs[128];
  };
  static_assert(sizeof(Block) == 176);
  static constexpr uint32_t id = 13;
  static constexpr const char* name = "Q5_K";
  static constexpr int elements = 256;
  static constexpr int scales_per_block = 8;
  static constexpr int code_bits = 8;
  static constexpr int packed_bytes = 256;
  static constexpr int lowest_code = 0;
  static constexpr int highest_code = 31;

  static void decode(const Block& block, float* out) {
    float scale[16];
    const float* minimum = scale + 8;
    uint8_t codes[256];
    store_scales_and_minima(&block, block.d, block.dmin, scale);
    keep_in_memory(scale);
    packed_codes(block, codes);
    for (int i = 0; i < 8; ++i) {  // sub-block i; they are stored in the order 0, 2, 1, 3, 4, 6, 5, 7
      const uint8_t* sub_block = codes + 128 * (i / 4) + 64 * (i % 2) + 32 * (i / 2 % 2);
      for (int half = 0; half < 32; half += 16) {
        store(out + 32 * i + half, to_f32(load_u8(sub_block + half)) * broadcast(scale[i]) - broadcast(minimum[i]));
      }
    }
  }
  static void scales(const Block& block, float* out) { store_scales(&block, block.d, block.dmin, out); }
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {
    const I32 high = plane_twice<2>(load_i32(block.qh), 0);
    const I32 first = load_i32(block.qs);
    const I32 second = load_i32(block.qs + 64);
    const auto merge = [](I32 nibble, I32 high_bit) { return in_each_byte<15>(nibble) | in_each_byte<16>(high_bit); };
    store_i32(scratch, merge(first, shift_left<4>(high)));
    store_i32(scratch + 64, merge(shift_right<4>(first), shift_left<3>(high)));
    store_i32(scratch + 128, merge(second, high));
    store_i32(scratch + 192, merge(shift_right<4>(second), shift_right<1>(high)));
    return scratch;
  }
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
    float scale[16];
    uint8_t codes[256];
    scales(block, scale);
    keep_in_memory(scale);
    packed_codes(block, codes);
    for (int i = 0; i < 16; ++i) {
      store(out + 16 * i, to_f32(load_u8(codes + 16 * i) - broadcast(32)) * broadcast(scale[i]));
    }
  }
  static void scales(const Block& block, float* out) {
    store(out, to_f32(load_i8(block.scales)) * broadcast(half_to_float(block.d)));
  }
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {  // in the order of the weights
    const I32 planes = load_i32(block.qh);
    for (int half = 0; half < 2; ++half) {
      const I32 low = load_i32(block.ql + 64 * half);
      const I32 high = plane_twice<2>(planes, half);
      store_i32(scratch + 128 * half, in_each_byte<15>(low) | in_each_byte<48>(shift_left<4>(high)));
      store_i32(scratch + 128 * half + 64, in_each_byte<15>(shift_right<4>(low)) | in_each_byte<48>(high));
    }
    return scratch;
  }
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

using k_quants_formats = FormatList<Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_K>;

}  // namespace
}  // namespace ggufscope
