// The 16-lane vocabulary for AArch64 NEON: sixteen float32 or int32 are four registers, sixteen float64 eight. Equal to
// generic.h bit for bit, NaN payloads aside; what the words mean is written there.
//
// Most words are one instruction per register: written once, and applied to all of them by `each`. A mask keeps the
// comparison's own form, a register lane of all ones or all zeros, which is what NEON selects by; it has no instruction
// that gathers sign bits.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ggufscope {
namespace {

inline constexpr int kLanes = 16;
inline constexpr bool kPicksAtOnce = false;

struct F32 {  // lanes 0-3, 4-7, 8-11, 12-15; named, since compilers keep named members in registers more readily
  float32x4_t a, b, c, d;
};
struct I32 {
  uint32x4_t a, b, c, d;
};
struct F64 {  // lanes 0-1, 2-3, …, 14-15
  float64x2_t a, b, c, d, e, f, g, h;
};
struct Mask {
  uint32x4_t a, b, c, d;
};
struct ByteMask {
  I32 set;
};

// {word(x.a, y.a, …), word(x.b, y.b, …), …}
template <class Result, class Word, class... Vector>
inline Result each(Word word, Vector... x) {
  if constexpr (__is_same(Result, F64)) {
    return {word(x.a...), word(x.b...), word(x.c...), word(x.d...),
            word(x.e...), word(x.f...), word(x.g...), word(x.h...)};
  } else {
    return {word(x.a...), word(x.b...), word(x.c...), word(x.d...)};
  }
}

// Memory is reached through memcpy, which asks for no alignment; compilers make a single load or store of it.
template <class T>
inline T read(const void* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}
template <class Register>
inline void write(void* address, Register value) {
  std::memcpy(address, &value, sizeof value);
}

inline float half_to_float(uint16_t half) { return __builtin_bit_cast(float16_t, half); }

// ---- loads and stores
inline F32 load(const float* p) {
  return {read<float32x4_t>(p), read<float32x4_t>(p + 4), read<float32x4_t>(p + 8), read<float32x4_t>(p + 12)};
}
inline F64 load(const double* p) {
  return {read<float64x2_t>(p),     read<float64x2_t>(p + 2),  read<float64x2_t>(p + 4),  read<float64x2_t>(p + 6),
          read<float64x2_t>(p + 8), read<float64x2_t>(p + 10), read<float64x2_t>(p + 12), read<float64x2_t>(p + 14)};
}
inline void store(float* p, F32 x) {
  write(p, x.a);
  write(p + 4, x.b);
  write(p + 8, x.c);
  write(p + 12, x.d);
}
inline void store(double* p, F64 x) {
  write(p, x.a);
  write(p + 2, x.b);
  write(p + 4, x.c);
  write(p + 6, x.d);
  write(p + 8, x.e);
  write(p + 10, x.f);
  write(p + 12, x.g);
  write(p + 14, x.h);
}
inline void stream(float* p, F32 x) { store(p, x); }  // compilers have no word for it
inline void end_stream() {}
inline I32 load_i32(const void* p) {
  const auto* bytes = static_cast<const char*>(p);
  return {read<uint32x4_t>(bytes), read<uint32x4_t>(bytes + 16), read<uint32x4_t>(bytes + 32),
          read<uint32x4_t>(bytes + 48)};
}
inline void store_i32(void* p, I32 x) {
  auto* bytes = static_cast<char*>(p);
  write(bytes, x.a);
  write(bytes + 16, x.b);
  write(bytes + 32, x.c);
  write(bytes + 48, x.d);
}

inline void store_u16(void* p, I32 x) {
  auto* bytes = static_cast<char*>(p);
  write(bytes, vmovn_high_u32(vmovn_u32(x.a), x.b));
  write(bytes + 16, vmovn_high_u32(vmovn_u32(x.c), x.d));
}

inline I32 widen(uint16x8_t low, uint16x8_t high) {
  return {vmovl_u16(vget_low_u16(low)), vmovl_high_u16(low), vmovl_u16(vget_low_u16(high)), vmovl_high_u16(high)};
}
inline I32 widen(int16x8_t low, int16x8_t high) {
  return {vreinterpretq_u32_s32(vmovl_s16(vget_low_s16(low))), vreinterpretq_u32_s32(vmovl_high_s16(low)),
          vreinterpretq_u32_s32(vmovl_s16(vget_low_s16(high))), vreinterpretq_u32_s32(vmovl_high_s16(high))};
}
inline I32 widen(uint8x16_t bytes) { return widen(vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes)); }
inline I32 widen(int8x16_t bytes) { return widen(vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes)); }

inline I32 load_u8(const void* p) { return widen(read<uint8x16_t>(p)); }
inline I32 load_i8(const void* p) { return widen(read<int8x16_t>(p)); }
inline I32 load_u16(const void* p) {
  return widen(read<uint16x8_t>(p), read<uint16x8_t>(static_cast<const char*>(p) + 16));
}
inline I32 load_i16(const void* p) {
  return widen(read<int16x8_t>(p), read<int16x8_t>(static_cast<const char*>(p) + 16));
}
inline I32 load_u8(const void* a, const void* b) { return widen(vcombine_u8(read<uint8x8_t>(a), read<uint8x8_t>(b))); }
inline I32 load_i8(const void* a, const void* b) { return widen(vcombine_s8(read<int8x8_t>(a), read<int8x8_t>(b))); }
inline I32 load_u8(const void* a, const void* b, const void* c, const void* d) {
  const uint32x4_t words = {read<uint32_t>(a), read<uint32_t>(b), read<uint32_t>(c), read<uint32_t>(d)};
  return widen(vreinterpretq_u8_u32(words));
}

inline F32 broadcast(float x) {
  const float32x4_t v = vdupq_n_f32(x);
  return {v, v, v, v};
}
inline F64 broadcast(double x) {
  const float64x2_t v = vdupq_n_f64(x);
  return {v, v, v, v, v, v, v, v};
}
inline I32 broadcast(uint32_t x) {
  const uint32x4_t v = vdupq_n_u32(x);
  return {v, v, v, v};
}
inline I32 broadcast(int32_t x) { return broadcast(static_cast<uint32_t>(x)); }
inline I32 iota() {
  return {uint32x4_t{0, 1, 2, 3}, uint32x4_t{4, 5, 6, 7}, uint32x4_t{8, 9, 10, 11}, uint32x4_t{12, 13, 14, 15}};
}

// ---- integers
inline I32 operator+(I32 a, I32 b) {
  return each<I32>([](auto x, auto y) { return vaddq_u32(x, y); }, a, b);
}
inline I32 operator-(I32 a, I32 b) {
  return each<I32>([](auto x, auto y) { return vsubq_u32(x, y); }, a, b);
}
inline I32 operator*(I32 a, I32 b) {
  return each<I32>([](auto x, auto y) { return vmulq_u32(x, y); }, a, b);
}
inline I32 operator&(I32 a, I32 b) {
  return each<I32>([](auto x, auto y) { return vandq_u32(x, y); }, a, b);
}
inline I32 operator|(I32 a, I32 b) {
  return each<I32>([](auto x, auto y) { return vorrq_u32(x, y); }, a, b);
}
inline I32 operator^(I32 a, I32 b) {
  return each<I32>([](auto x, auto y) { return veorq_u32(x, y); }, a, b);
}
template <int N>
inline I32 shift_left(I32 a) {
  return each<I32>([](auto x) { return vshlq_n_u32(x, N); }, a);
}
template <int N>
inline I32 shift_right(I32 a) {
  if constexpr (N == 0) {  // the instruction shifts by 1 to 32
    return a;
  } else {
    return each<I32>([](auto x) { return vshrq_n_u32(x, N); }, a);
  }
}
inline I32 popcount(I32 a) {
  return each<I32>([](auto x) { return vpaddlq_u16(vpaddlq_u8(vcntq_u8(vreinterpretq_u8_u32(x)))); }, a);
}
inline I32 shift_right(I32 a, I32 by) {  // a shift to the left by a negative count
  return each<I32>([](auto x, auto n) { return vshlq_u32(x, vnegq_s32(vreinterpretq_s32_u32(n))); }, a, by);
}

// ---- bytes and words
inline int8x16_t as_bytes(uint32x4_t x) { return vreinterpretq_s8_u32(x); }
inline int16x8_t as_words(uint32x4_t x) { return vreinterpretq_s16_u32(x); }

inline I32 even_bytes(I32 a) {
  return each<I32>([](auto x) { return vreinterpretq_u32_s16(vshrq_n_s16(vshlq_n_s16(as_words(x), 8), 8)); }, a);
}
inline I32 odd_bytes(I32 a) {
  return each<I32>([](auto x) { return vreinterpretq_u32_s16(vshrq_n_s16(as_words(x), 8)); }, a);
}
inline I32 square_words(I32 a) {
  return each<I32>([](auto x) { return vreinterpretq_u32_s16(vmulq_s16(as_words(x), as_words(x))); }, a);
}
inline I32 add_products(I32 sums, I32 a, I32 b) {
  const auto products = [](uint32x4_t x, uint32x4_t y) {
    const int32x4_t low = vmull_s16(vget_low_s16(as_words(x)), vget_low_s16(as_words(y)));
    return vreinterpretq_u32_s32(vpaddq_s32(low, vmull_high_s16(as_words(x), as_words(y))));
  };
  return sums + each<I32>(products, a, b);
}
inline I32 add_bytes(I32 sums, I32 bytes) {
  const auto added = [](uint32x4_t sum, uint32x4_t x) {
    return vreinterpretq_u32_s32(vpadalq_s16(vreinterpretq_s32_u32(sum), vpaddlq_s8(as_bytes(x))));
  };
  return each<I32>(added, sums, bytes);
}
inline I32 add_byte_products(I32 sums, I32 a, I32 b) {
  const auto added = [](uint32x4_t sum, uint32x4_t x, uint32x4_t y) {
    const int16x8_t low = vmull_s8(vget_low_s8(as_bytes(x)), vget_low_s8(as_bytes(y)));
    const int16x8_t high = vmull_high_s8(as_bytes(x), as_bytes(y));
    return vreinterpretq_u32_s32(vpadalq_s16(vreinterpretq_s32_u32(sum), vpaddq_s16(low, high)));
  };
  return each<I32>(added, sums, a, b);
}
inline I32 pick_bytes(I32 tables, I32 index) {
  const auto picked = [](uint32x4_t table, uint32x4_t i) {
    return vreinterpretq_u32_u8(vqtbl1q_u8(vreinterpretq_u8_u32(table), vreinterpretq_u8_u32(i)));
  };
  return each<I32>(picked, tables, index);
}
inline I32 min_bytes(I32 a, I32 b) {
  return each<I32>([](auto x, auto y) { return vreinterpretq_u32_s8(vminq_s8(as_bytes(x), as_bytes(y))); }, a, b);
}
inline I32 max_bytes(I32 a, I32 b) {
  return each<I32>([](auto x, auto y) { return vreinterpretq_u32_s8(vmaxq_s8(as_bytes(x), as_bytes(y))); }, a, b);
}
inline ByteMask less_bytes(I32 a, I32 b) {
  return {each<I32>([](auto x, auto y) { return vreinterpretq_u32_u8(vcltq_s8(as_bytes(x), as_bytes(y))); }, a, b)};
}
inline ByteMask equal_bytes(I32 a, I32 b) {
  return {each<I32>([](auto x, auto y) { return vreinterpretq_u32_u8(vceqq_s8(as_bytes(x), as_bytes(y))); }, a, b)};
}
inline I32 only_bytes(ByteMask m, I32 a) { return m.set & a; }
inline I32 increment_bytes(I32 a, ByteMask m) {
  return each<I32>([](auto x, auto y) { return vreinterpretq_u32_s8(vsubq_s8(as_bytes(x), as_bytes(y))); }, a, m.set);
}

inline I32 abs_bytes(I32 a) {
  return each<I32>([](auto x) { return vreinterpretq_u32_s8(vabsq_s8(as_bytes(x))); }, a);
}

struct Quads {
  I32 of[4];
};
inline Quads transposed(const Quads& rows) {
  Quads quads;
  const auto pieces = [&](uint32x4_t I32::* piece) {
    const uint64x2_t ab02 = vreinterpretq_u64_u32(vtrn1q_u32(rows.of[0].*piece, rows.of[1].*piece));
    const uint64x2_t ab13 = vreinterpretq_u64_u32(vtrn2q_u32(rows.of[0].*piece, rows.of[1].*piece));
    const uint64x2_t cd02 = vreinterpretq_u64_u32(vtrn1q_u32(rows.of[2].*piece, rows.of[3].*piece));
    const uint64x2_t cd13 = vreinterpretq_u64_u32(vtrn2q_u32(rows.of[2].*piece, rows.of[3].*piece));
    quads.of[0].*piece = vreinterpretq_u32_u64(vtrn1q_u64(ab02, cd02));
    quads.of[1].*piece = vreinterpretq_u32_u64(vtrn1q_u64(ab13, cd13));
    quads.of[2].*piece = vreinterpretq_u32_u64(vtrn2q_u64(ab02, cd02));
    quads.of[3].*piece = vreinterpretq_u32_u64(vtrn2q_u64(ab13, cd13));
  };
  pieces(&I32::a);
  pieces(&I32::b);
  pieces(&I32::c);
  pieces(&I32::d);
  return quads;
}
inline Quads quads_of(const void* p, size_t stride) {
  const auto every_fourth = [&](size_t first) {
    const auto* bytes = static_cast<const char*>(p) + first * stride;
    return I32{read<uint32x4_t>(bytes), read<uint32x4_t>(bytes + 4 * stride), read<uint32x4_t>(bytes + 8 * stride),
               read<uint32x4_t>(bytes + 12 * stride)};
  };
  return transposed({{every_fourth(0), every_fourth(1), every_fourth(2), every_fourth(3)}});
}
inline I32 even_pieces(I32 a, I32 b) { return {a.a, a.c, b.a, b.c}; }
inline I32 odd_pieces(I32 a, I32 b) { return {a.b, a.d, b.b, b.d}; }

// ---- float32
inline F32 operator+(F32 a, F32 b) {
  return each<F32>([](auto x, auto y) { return vaddq_f32(x, y); }, a, b);
}
inline F32 operator-(F32 a, F32 b) {
  return each<F32>([](auto x, auto y) { return vsubq_f32(x, y); }, a, b);
}
inline F32 operator*(F32 a, F32 b) {
  return each<F32>([](auto x, auto y) { return vmulq_f32(x, y); }, a, b);
}
inline F32 operator/(F32 a, F32 b) {
  return each<F32>([](auto x, auto y) { return vdivq_f32(x, y); }, a, b);
}
inline F32 multiply_add(F32 a, F32 b, F32 c) {
  return each<F32>([](auto x, auto y, auto z) { return vfmaq_f32(z, x, y); }, a, b, c);
}
inline F32 abs(F32 a) {
  return each<F32>([](auto x) { return vabsq_f32(x); }, a);
}
// NEON's own minimum is NaN when either is, and knows −0 < 0.
inline F32 min(F32 a, F32 b) {
  return each<F32>([](auto x, auto y) { return vbslq_f32(vcltq_f32(x, y), x, y); }, a, b);
}
inline F32 max(F32 a, F32 b) {
  return each<F32>([](auto x, auto y) { return vbslq_f32(vcgtq_f32(x, y), x, y); }, a, b);
}

// ---- float64
inline F64 operator+(F64 a, F64 b) {
  return each<F64>([](auto x, auto y) { return vaddq_f64(x, y); }, a, b);
}
inline F64 operator-(F64 a, F64 b) {
  return each<F64>([](auto x, auto y) { return vsubq_f64(x, y); }, a, b);
}
inline F64 operator*(F64 a, F64 b) {
  return each<F64>([](auto x, auto y) { return vmulq_f64(x, y); }, a, b);
}
inline F64 exact_multiply_add(F64 a, F64 b, F64 c) {
  return each<F64>([](auto x, auto y, auto z) { return vfmaq_f64(z, x, y); }, a, b, c);
}
inline F64 abs(F64 a) {
  return each<F64>([](auto x) { return vabsq_f64(x); }, a);
}
inline F64 max(F64 a, F64 b) {
  return each<F64>([](auto x, auto y) { return vbslq_f64(vcgtq_f64(x, y), x, y); }, a, b);
}

// ---- conversions
inline float32x4_t narrow(float64x2_t low, float64x2_t high) { return vcvt_high_f32_f64(vcvt_f32_f64(low), high); }
inline float64x2_t wide_low(float32x4_t x) { return vcvt_f64_f32(vget_low_f32(x)); }
inline float64x2_t wide_high(float32x4_t x) { return vcvt_high_f64_f32(x); }

inline F32 to_f32(I32 a) {
  return each<F32>([](auto x) { return vcvtq_f32_s32(vreinterpretq_s32_u32(x)); }, a);
}
inline F32 to_f32(F64 x) { return {narrow(x.a, x.b), narrow(x.c, x.d), narrow(x.e, x.f), narrow(x.g, x.h)}; }
inline F64 to_f64(F32 x) {
  return {wide_low(x.a), wide_high(x.a), wide_low(x.b), wide_high(x.b),
          wide_low(x.c), wide_high(x.c), wide_low(x.d), wide_high(x.d)};
}
inline float64x2_t wide_low(uint32x4_t x) { return vcvtq_f64_s64(vmovl_s32(vget_low_s32(vreinterpretq_s32_u32(x)))); }
inline float64x2_t wide_high(uint32x4_t x) { return vcvtq_f64_s64(vmovl_high_s32(vreinterpretq_s32_u32(x))); }
inline F64 to_f64(I32 x) {
  return {wide_low(x.a), wide_high(x.a), wide_low(x.b), wide_high(x.b),
          wide_low(x.c), wide_high(x.c), wide_low(x.d), wide_high(x.d)};
}
inline F32 half_to_f32(I32 a) {
  return each<F32>([](auto x) { return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(x))); }, a);
}
inline F32 as_f32(I32 a) {
  return each<F32>([](auto x) { return vreinterpretq_f32_u32(x); }, a);
}
inline I32 as_i32(F32 a) {
  return each<I32>([](auto x) { return vreinterpretq_u32_f32(x); }, a);
}

// ---- tables of sixteen: four registers are the 64 bytes that one instruction looks up in, byte by byte; entry i
// stands at bytes 4i … 4i + 3
inline I32 pick(I32 table, I32 index) {
  const uint8x16x4_t bytes = {{vreinterpretq_u8_u32(table.a), vreinterpretq_u8_u32(table.b),
                               vreinterpretq_u8_u32(table.c), vreinterpretq_u8_u32(table.d)}};
  const auto look_up = [&](uint32x4_t entry) {
    const uint32x4_t low_bits = vandq_u32(entry, vdupq_n_u32(15));
    const uint32x4_t positions = vmlaq_u32(vdupq_n_u32(0x03020100), low_bits, vdupq_n_u32(0x04040404));
    return vreinterpretq_u32_u8(vqtbl4q_u8(bytes, vreinterpretq_u8_u32(positions)));
  };
  return each<I32>(look_up, index);
}
inline F32 pick(F32 table, I32 index) { return as_f32(pick(as_i32(table), index)); }

// ---- bit planes of 4-bit codes
template <int Distance>
inline uint64x2_t exchanged(uint64x2_t x, uint64_t mask) {
  const uint64x2_t moved = vandq_u64(veorq_u64(x, vshrq_n_u64(x, Distance)), vdupq_n_u64(mask));
  return veorq_u64(x, veorq_u64(moved, vshlq_n_u64(moved, Distance)));
}
inline uint8x16_t transposed_bits(uint8x16_t bytes) {
  uint64x2_t x = vreinterpretq_u64_u8(bytes);
  x = exchanged<7>(x, 0x00AA00AA00AA00AAU);
  x = exchanged<14>(x, 0x0000CCCC0000CCCCU);
  return vreinterpretq_u8_u64(exchanged<28>(x, 0x00000000F0F0F0F0U));
}

using NibblePlanes = Quads;
// rows[i]: the four planes of sub-block i.
inline NibblePlanes transpose_rows(const uint8x16_t (&rows)[kLanes]) {
  const auto every_fourth = [&](int first) {
    return I32{vreinterpretq_u32_u8(rows[first]), vreinterpretq_u32_u8(rows[first + 4]),
               vreinterpretq_u32_u8(rows[first + 8]), vreinterpretq_u32_u8(rows[first + 12])};
  };
  return transposed({{every_fourth(0), every_fourth(1), every_fourth(2), every_fourth(3)}});
}
inline NibblePlanes planes_of_pairs(const void* first, const void* second) {
  uint8x16_t rows[kLanes];
  const uint8x16_t low = {0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27};
  const uint8x16_t high = vaddq_u8(low, vdupq_n_u8(4));
  for (int i = 0; i < 8; ++i) {
    const auto* bytes = static_cast<const char*>(i < 4 ? first : second) + 32 * (i % 4);
    const uint8x16x2_t bits = {
        {transposed_bits(read<uint8x16_t>(bytes)), transposed_bits(read<uint8x16_t>(bytes + 16))}};
    rows[2 * i] = vqtbl2q_u8(bits, low);
    rows[2 * i + 1] = vqtbl2q_u8(bits, high);
  }
  return transpose_rows(rows);
}
inline NibblePlanes planes_of_sixteens(const void* p, size_t stride) {
  uint8x16_t rows[kLanes];
  const uint8x16_t by_plane = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  for (int i = 0; i < kLanes; ++i) {
    rows[i] = vqtbl1q_u8(transposed_bits(read<uint8x16_t>(static_cast<const char*>(p) + i * stride)), by_plane);
  }
  return transpose_rows(rows);
}

// ---- masks
inline uint32_t bits(Mask m) {
  const uint16x8_t low = vuzp1q_u16(vreinterpretq_u16_u32(m.a), vreinterpretq_u16_u32(m.b));
  const uint16x8_t high = vuzp1q_u16(vreinterpretq_u16_u32(m.c), vreinterpretq_u16_u32(m.d));
  const uint8x16_t bytes = vuzp1q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
  const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  uint8x16_t sums = vandq_u8(bytes, weights);
  for (int half = 8; half > 1; half /= 2) sums = vpaddq_u8(sums, sums);  // each weight once: no carries
  return vgetq_lane_u16(vreinterpretq_u16_u8(sums), 0);
}
inline Mask mask_from_bits(uint32_t set) {
  const I32 bit = {uint32x4_t{0x1, 0x2, 0x4, 0x8}, uint32x4_t{0x10, 0x20, 0x40, 0x80},
                   uint32x4_t{0x100, 0x200, 0x400, 0x800}, uint32x4_t{0x1000, 0x2000, 0x4000, 0x8000}};
  return each<Mask>([](auto x, auto y) { return vtstq_u32(x, y); }, broadcast(set), bit);
}
inline Mask first_lanes(int n) {
  return each<Mask>([](auto x, auto y) { return vcltq_u32(x, y); }, iota(), broadcast(n));
}
inline int count(Mask m) {  // a set lane is −1
  return -vaddvq_s32(vreinterpretq_s32_u32(vaddq_u32(vaddq_u32(m.a, m.b), vaddq_u32(m.c, m.d))));
}
inline Mask operator&(Mask a, Mask b) {
  return each<Mask>([](auto x, auto y) { return vandq_u32(x, y); }, a, b);
}
inline Mask less(F32 a, F32 b) {
  return each<Mask>([](auto x, auto y) { return vcltq_f32(x, y); }, a, b);
}
inline Mask equal(F32 a, F32 b) {
  return each<Mask>([](auto x, auto y) { return vceqq_f32(x, y); }, a, b);
}
inline Mask equal(I32 a, I32 b) {
  return each<Mask>([](auto x, auto y) { return vceqq_u32(x, y); }, a, b);
}
inline I32 increment(I32 a, Mask m) {
  return each<I32>([](auto x, auto set) { return vsubq_u32(x, set); }, a, m);
}
inline F32 select(Mask m, F32 a, F32 b) {
  return each<F32>([](auto set, auto x, auto y) { return vbslq_f32(set, x, y); }, m, a, b);
}
inline I32 select(Mask m, I32 a, I32 b) {
  return each<I32>([](auto set, auto x, auto y) { return vbslq_u32(set, x, y); }, m, a, b);
}
inline float64x2_t select_low(uint32x4_t set, float64x2_t x, float64x2_t y) {
  return vbslq_f64(vreinterpretq_u64_u32(vzip1q_u32(set, set)), x, y);
}
inline float64x2_t select_high(uint32x4_t set, float64x2_t x, float64x2_t y) {
  return vbslq_f64(vreinterpretq_u64_u32(vzip2q_u32(set, set)), x, y);
}
inline F64 select(Mask m, F64 x, F64 y) {
  return {select_low(m.a, x.a, y.a), select_high(m.a, x.b, y.b), select_low(m.b, x.c, y.c), select_high(m.b, x.d, y.d),
          select_low(m.c, x.e, y.e), select_high(m.c, x.f, y.f), select_low(m.d, x.g, y.g), select_high(m.d, x.h, y.h)};
}

// ---- reductions
inline double sum(F64 x) {
  const float64x2_t even = vaddq_f64(vaddq_f64(x.a, x.e), vaddq_f64(x.c, x.g));  // lanes 0-1 and those 4, 8, 12 on
  const float64x2_t odd = vaddq_f64(vaddq_f64(x.b, x.f), vaddq_f64(x.d, x.h));
  return vaddvq_f64(vaddq_f64(even, odd));
}
inline uint32_t sum(I32 x) { return vaddvq_u32(vaddq_u32(vaddq_u32(x.a, x.b), vaddq_u32(x.c, x.d))); }
inline float lowest(F32 x) { return vminvq_f32(vminq_f32(vminq_f32(x.a, x.b), vminq_f32(x.c, x.d))); }
inline float highest(F32 x) { return vmaxvq_f32(vmaxq_f32(vmaxq_f32(x.a, x.b), vmaxq_f32(x.c, x.d))); }
inline double highest(F64 x) {
  const float64x2_t even = vmaxq_f64(vmaxq_f64(x.a, x.c), vmaxq_f64(x.e, x.g));
  const float64x2_t odd = vmaxq_f64(vmaxq_f64(x.b, x.d), vmaxq_f64(x.f, x.h));
  return vmaxvq_f64(vmaxq_f64(even, odd));
}

}  // namespace
}  // namespace ggufscope
