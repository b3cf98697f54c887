// Four-bit floating point in small blocks that share a scale: MXFP4 (OCP Microscaling 1.0) and NVFP4.
// Source: ggml/src/ggml-common.h (block_mxfp4, block_nvfp4), ggml-quants.c (dequantize_row_mxfp4, …_nvfp4), ggml-impl.h
// (ggml_e8m0_to_fp32_half, ggml_ue4m3_to_fp32).
//
// A code is an E2M1 number: sign, two exponent bits, one mantissa bit, so ±{0, ½, 1, 1½, 2, 3, 4, 6}. ggml keeps the
// doubled, integer table and halves the scale. decode does as ggml does; `scales` gives the scale of the standard,
// twice ggml's, so that weight = E2M1 value × scale. Both are powers of two apart: no bit of a weight differs.
#pragma once

#include "formats/value_table.h"

namespace ggufscope {
namespace {

// The doubled E2M1 values. Code 8 is +0, not −0: ggml's table holds integers.
inline constexpr int8_t kDoubledE2M1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// MXFP4: w = E2M1(q) · 2^(e − 127)
//
//   byte   0 │ 1           …            16
//        ┌───┬────────────────────────────┐
//        │ e │ q0 q16 │ q1 q17 │ … q15 q31│   low nibble: weight j, high nibble: weight j + 16
//        └───┴────────────────────────────┘
//
// The standard reserves e = 255 for NaN. ggml decodes it as any other, overflowing where it must; as a scale it reads
// +Inf here, so a profile counts it among the non-finite.
struct MXFP4 {
  struct [[gnu::packed]] Block {
    uint8_t e;
    uint8_t qs[16];
  };
  static_assert(sizeof(Block) == 17);
  static constexpr uint32_t id = 39;
  static constexpr const char* name = "MXFP4";
  static constexpr int elements = 32;
  static constexpr int scales_per_block = 1;

  // 2^(e − 128); the two smallest are subnormal.
  static float half_scale(uint8_t e) { return __builtin_bit_cast(float, e < 2 ? 0x00200000U << e : (e - 1U) << 23); }
  static void decode(const Block& block, float* out) {
    const F32 table = to_f32(load_i8(kDoubledE2M1));
    const F32 d = broadcast(half_scale(block.e));
    const I32 q = load_u8(block.qs);
    store(out, pick(table, q) * d);  // pick reads the low four bits
    store(out + 16, pick(table, shift_right<4>(q)) * d);
  }
  static void scales(const Block& block, float* out) { out[0] = 2.0F * half_scale(block.e); }

  static constexpr int sub_block_elements = 32;
  static constexpr int blocks_per_group = 16;
  static constexpr int center = 0;
  static constexpr const int8_t (&values)[16] = kDoubledE2M1;
  static constexpr int lowest_code = -12;
  static constexpr int highest_code = 12;
  static constexpr float scale_per_step = 2;
  static constexpr Magnitudes magnitudes = {-51, 53};
  static Line line(const Block* sixteen) {
    uint8_t e[kLanes];
    for (int i = 0; i < kLanes; ++i) e[i] = sixteen[i].e;
    keep_in_memory(e);
    const I32 exponent = load_u8(e);
    // 0 and 1 become Inf and 0, which are no steps in range either
    return {as_f32(shift_left<23>((exponent - broadcast(1)) & broadcast(255))), broadcast(0.0F)};
  }
  static bool is_in_range(const Line& line) {
    return bits(less(broadcast(0x1p-52F), line.step) & less(line.step, broadcast(0x1p50F))) == 0xFFFFU;
  }
  template <class Visit>
  static void each_quad(const Block* sixteen, Visit visit) {
    each_quad_of_values<kDoubledE2M1>(quads_of(sixteen->qs, sizeof(Block)), visit);
  }
  static constexpr int sub_block_of(int lane) { return lane; }
  static NibblePlanes planes(const Block* sixteen) { return planes_of_sixteens(sixteen->qs, sizeof(Block)); }
  template <class Visit>
  static void each_square(const Block& block, const Lines& lines, Visit visit) {
    each_square_of_values<kDoubledE2M1>(block.qs, lines.steps[0], visit);
  }
  static uint8_t stored_step(const Block& block) { return block.e; }
  static float step_of(uint8_t stored) { return half_scale(stored); }
  static void swap_bytes(Block&) {}  // bytes only: the same in files of either byte order
};

// NVFP4: w = E2M1(q) · E4M3(d), four sub-blocks of sixteen weights
//
//   byte  0    1    2    3  │ 4     …     11 │ 12 … 19 │ 20 … 27 │ 28 … 35
//        ┌────┬────┬────┬───┬────────────────┬─────────┬─────────┬─────────┐
//        │ d0 │ d1 │ d2 │ d3│ q0 q8 … q7 q15 │ of d1   │ of d2   │ of d3   │
//        └────┴────┴────┴───┴────────────────┴─────────┴─────────┴─────────┘
//
// Within a sub-block the low nibble of byte j is weight j and the high nibble weight j + 8. The top bit of a scale is
// not read. 0x7F, NaN in E4M3, decodes to 0 as in ggml. Files carry one more factor per tensor, the separate
// tensor `<name>.scale`, which is no part of decoding.
struct NVFP4 {
  struct [[gnu::packed]] Block {
    uint8_t d[4];
    uint8_t qs[4][8];
  };
  static_assert(sizeof(Block) == 36);
  static constexpr uint32_t id = 40;
  static constexpr const char* name = "NVFP4";
  static constexpr int elements = 64;
  static constexpr int scales_per_block = 4;

  // E4M3 moved into place as float32 bits, where the exponent's bias is 120 more; a subnormal is a multiple of 2^-9. To
  // multiply its bits by 2^120 would do for both, but with a subnormal factor takes some CPUs 150 cycles.
  static float scale(uint8_t d) {
    const uint32_t magnitude = d == 0x7F ? 0U : d & 0x7FU;
    if (magnitude < 8) return static_cast<float>(magnitude) * 0x1p-9F;
    return __builtin_bit_cast(float, (magnitude << 20) + (120U << 23));
  }
  static void decode(const Block& block, float* out) {
    const F32 table = to_f32(load_i8(kDoubledE2M1));
    const I32 shift = shift_right<3>(iota()) * broadcast(4);  // 0 for lanes 0 … 7, 4 for 8 … 15
    for (int sub = 0; sub < 4; ++sub) {
      const I32 q = shift_right(load_u8(block.qs[sub], block.qs[sub]), shift);
      store(out + 16 * sub, pick(table, q) * broadcast(0.5F * scale(block.d[sub])));
    }
  }
  static void scales(const Block& block, float* out) {
    for (int sub = 0; sub < 4; ++sub) out[sub] = scale(block.d[sub]);
  }
  static void swap_bytes(Block&) {}  // bytes only, as in MXFP4
};

using fp4_formats = FormatList<MXFP4, NVFP4>;

}  // namespace
}  // namespace ggufscope
