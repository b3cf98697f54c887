// The K-quants whose sub-blocks have a minimum of their own: w = step · q − base.
#pragma once

#include "formats/k_bits.h"

namespace ggufscope {
namespace {

// With x and y the places of the last bits of d and dmin, and y − x from Lowest to Highest, the difference or sum of
// the terms of a weight spans the 24 bits of a float32 at most: see the bounds at each use. If one of them is zero, so
// is one of the terms.
template <int Lowest, int Highest, class Block>
bool places_fit(const Block& block) {
  const int apart = half_last_bit(block.dmin) - half_last_bit(block.d);
  const bool fit = (Lowest <= apart && apart <= Highest) || is_zero_half(block.d) || is_zero_half(block.dmin);
  return fit && is_finite_half(block.d) && is_finite_half(block.dmin);
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

  static constexpr int sub_block_elements = 16;
  static constexpr int blocks_per_group = 1;
  static Line line(const Block* block) {
    const I32 both = load_u8(block->scales);
    return {to_f32(both & broadcast(15)) * broadcast(half_to_float(block->d)),
            to_f32(shift_right<4>(both)) * broadcast(half_to_float(block->dmin))};
  }
  // A row of qs shifted is two neighbouring sub-blocks of each half: 0 1 8 9, 2 3 10 11, …
  template <class Visit>
  static void each_quad(const Block* block, Visit visit) {
    const I32 q = load_i32(block->qs);
    const Quads rows = {{in_each_byte<3>(q), in_each_byte<3>(shift_right<2>(q)), in_each_byte<3>(shift_right<4>(q)),
                         in_each_byte<3>(shift_right<6>(q))}};
    for (const I32 quad : transposed(rows).of) visit(quad);
  }
  static constexpr int sub_block_of(int lane) { return lane % 4 * 2 + lane / 4 % 2 + lane / 8 * 8; }
  static constexpr Magnitudes magnitudes = times(kHalves, 6);  // 15 · 3 and 15
  // |d · s · q| < 2^(x + 17), |dmin · m| < 2^(y + 15)
  static bool rounds_nothing(const Block* block, const Line&) { return places_fit<-6, 8>(*block); }
  template <class Visit>
  static void each_square(const Block& block, const Lines& lines, Visit visit) {
    for (int i = 0; i < 4; ++i) {  // as in decode
      const I32 codes = load_u8(block.qs + 16 * i);
      const int first = 8 * (i / 2) + i % 2;
      visit_squares(codes, first, lines, visit);
      visit_squares(shift_right<2>(codes), first + 2, lines, visit);
      visit_squares(shift_right<4>(codes), first + 4, lines, visit);
      visit_squares(shift_right<6>(codes), first + 6, lines, visit);
    }
  }

 private:
  static void decode_group(I32 codes, int i, const float* scale, const float* minimum, float* out) {
    store(out + 16 * i, to_f32(codes & broadcast(3)) * broadcast(scale[i]) - broadcast(minimum[i]));
  }
  // A table of the four squares, repeated: bits of other codes may stand above an index.
  template <class Visit>
  static void visit_squares(I32 codes, int i, const Lines& lines, Visit visit) {
    const F32 weights = to_f32(iota() & broadcast(3)) * broadcast(lines.steps[i]) - broadcast(lines.bases[i]);
    visit(16 * i, pick(weights * weights, codes));
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

// Lane i: step d · s and base dmin · m of sub-block i of two blocks.
template <class Block>
Line line_of_two(const Block* two) {
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

// Codes of two blocks, each four rows of two sub-blocks: 0 2, 1 3, 4 6, 5 7. A quad needs the same half of all sixteen
// sub-blocks; those halves are every second piece of a row.
template <class Visit>
void each_quad_of_two(const Quads& first, const Quads& second, Visit visit) {
  const auto visit_all = [&](auto pieces) {
    const Quads rows = {{pieces(first.of[0], first.of[1]), pieces(first.of[2], first.of[3]),
                         pieces(second.of[0], second.of[1]), pieces(second.of[2], second.of[3])}};
    for (const I32 quad : transposed(rows).of) visit(quad);
  };
  visit_all([](I32 a, I32 b) { return even_pieces(a, b); });
  visit_all([](I32 a, I32 b) { return odd_pieces(a, b); });
}
constexpr int sub_block_of_two(int lane) {
  constexpr int kOfPiece[4] = {0, 2, 1, 3};
  return kOfPiece[lane / 4] + lane % 4 * 4;
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
    float scale[16];
    const float* minimum = scale + 8;
    store_scales_and_minima(&block, block.d, block.dmin, scale);
    keep_in_memory(scale);
    for (int i = 0; i < 8; ++i) {  // sixteen bytes of qs: one half of two sub-blocks
      const I32 codes = load_u8(block.qs + 16 * i);
      const int low = i / 2 * 2;
      const int high = low + 1;
      float* half = out + 16 * (i % 2);
      store(half + 32 * low, to_f32(codes & broadcast(15)) * broadcast(scale[low]) - broadcast(minimum[low]));
      store(half + 32 * high, to_f32(shift_right<4>(codes)) * broadcast(scale[high]) - broadcast(minimum[high]));
    }
  }
  template <class Visit>
  static void each_square(const Block& block, const Lines& lines, Visit visit) {
    const auto table = [&](int i) {
      const F32 weights = to_f32(iota()) * broadcast(lines.steps[i]) - broadcast(lines.bases[i]);
      return weights * weights;
    };
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {  // as in decode
      const F32 low = table(i);
      const F32 high = table(i + 1);
#pragma GCC unroll 2
      for (int half = 0; half < 32; half += 16) {
        const I32 codes = load_u8(block.qs + 16 * i + half);
        visit(32 * i + half, pick(low, codes));
        visit(32 * i + 32 + half, pick(high, shift_right<4>(codes)));
      }
    }
  }
  static void scales(const Block& block, float* out) { store_scales(&block, block.d, block.dmin, out); }
  static const uint8_t* packed_codes(const Block& block, uint8_t*) { return block.qs; }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 2;
  static Line line(const Block* two) { return line_of_two(two); }
  template <class Visit>
  static void each_quad(const Block* two, Visit visit) {
    each_quad_of_two(codes(two[0]), codes(two[1]), visit);
  }
  static constexpr int sub_block_of(int lane) { return sub_block_of_two(lane); }
  static constexpr Magnitudes magnitudes = times(kHalves, 10);  // 63 · 15 and 63
  static Quads codes(const Block& block) {
    const I32 first = load_i32(block.qs);
    const I32 second = load_i32(block.qs + 64);
    return {{in_each_byte<15>(first), in_each_byte<15>(shift_right<4>(first)), in_each_byte<15>(second),
             in_each_byte<15>(shift_right<4>(second))}};
  }
  // |d · s · q| < 945 · 2^(x + 11), |dmin · m| < 63 · 2^(y + 11)
  static bool rounds_nothing(const Block* two, const Line&) {
    return places_fit<-3, 6>(two[0]) && places_fit<-3, 6>(two[1]);
  }
  static NibblePlanes planes(const Block* two) { return planes_of_pairs(two[0].qs, two[1].qs); }
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
  static Quads codes(const Block& block) {
    const I32 high = plane_twice<2>(load_i32(block.qh), 0);
    const I32 first = load_i32(block.qs);
    const I32 second = load_i32(block.qs + 64);
    const auto merge = [](I32 nibble, I32 high_bit) { return in_each_byte<15>(nibble) | in_each_byte<16>(high_bit); };
    return {{merge(first, shift_left<4>(high)), merge(shift_right<4>(first), shift_left<3>(high)), merge(second, high),
             merge(shift_right<4>(second), shift_right<1>(high))}};
  }
  static const uint8_t* packed_codes(const Block& block, uint8_t* scratch) {
    store_codes(codes(block), scratch);
    return scratch;
  }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 2;
  static Line line(const Block* two) { return line_of_two(two); }
  template <class Visit>
  static void each_quad(const Block* two, Visit visit) {
    each_quad_of_two(codes(two[0]), codes(two[1]), visit);
  }
  static constexpr int sub_block_of(int lane) { return sub_block_of_two(lane); }
  static constexpr Magnitudes magnitudes = times(kHalves, 11);  // 63 · 31 and 63
  // |d · s · q| < 1953 · 2^(x + 11), |dmin · m| < 63 · 2^(y + 11)
  static bool rounds_nothing(const Block* two, const Line&) {
    return places_fit<-2, 6>(two[0]) && places_fit<-2, 6>(two[1]);
  }
};

}  // namespace
}  // namespace ggufscope
