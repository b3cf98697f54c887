// The 16-lane vocabulary for AVX2 with FMA, F16C, POPCNT and BMI2: sixteen float32 or int32 are two registers, sixteen
// float64 four. Nothing is fused but where multiply_add says so. Equal to generic.h bit for bit, NaN payloads aside;
// what the words mean is written there.
//
// A mask keeps the comparison's own form, a register lane of all ones or all zeros, because kernels select and
// combine far more often than they count.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ggufscope {
namespace {

inline constexpr int kLanes = 16;
inline constexpr bool kPicksAtOnce = false;

struct F32 {
  __m256 low;   // lanes 0-7
  __m256 high;  // lanes 8-15
};
struct I32 {
  __m256i low;
  __m256i high;
};
struct F64 {  // lanes 0-3, 4-7, 8-11, 12-15; named, since compilers keep named members in registers more readily
  __m256d a, b, c, d;
};
struct Mask {
  __m256i low;
  __m256i high;
};
struct ByteMask {
  I32 set;
};

template <class T>
inline T read(const void* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

inline float half_to_float(uint16_t half) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half))); }

// ---- loads and stores
inline F32 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline F64 load(const double* p) {
  return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4), _mm256_loadu_pd(p + 8), _mm256_loadu_pd(p + 12)};
}
inline void store(float* p, F32 x) {
  _mm256_storeu_ps(p, x.low);
  _mm256_storeu_ps(p + 8, x.high);
}
inline void store(double* p, F64 x) {
  _mm256_storeu_pd(p, x.a);
  _mm256_storeu_pd(p + 4, x.b);
  _mm256_storeu_pd(p + 8, x.c);
  _mm256_storeu_pd(p + 12, x.d);
}
inline void stream(float* p, F32 x) {
  _mm256_stream_ps(p, x.low);
  _mm256_stream_ps(p + 8, x.high);
}
inline void end_stream() { _mm_sfence(); }
inline I32 load_i32(const void* p) {
  const auto* registers = static_cast<const __m256i*>(p);
  return {_mm256_loadu_si256(registers), _mm256_loadu_si256(registers + 1)};
}
inline void store_i32(void* p, I32 x) {
  auto* registers = static_cast<__m256i*>(p);
  _mm256_storeu_si256(registers, x.low);
  _mm256_storeu_si256(registers + 1, x.high);
}
// Packing works within 128-bit halves: lanes 0-3, 8-11, 4-7, 12-15; the permutation puts them in order.
inline __m256i low_halves(I32 x) {
  const __m256i low_bits = _mm256_set1_epi32(0xFFFF);
  const __m256i packed = _mm256_packus_epi32(_mm256_and_si256(x.low, low_bits), _mm256_and_si256(x.high, low_bits));
  return _mm256_permute4x64_epi64(packed, 0b11'01'10'00);
}
inline void store_u16(void* p, I32 x) { _mm256_storeu_si256(static_cast<__m256i*>(p), low_halves(x)); }

inline __m128i load_4_4_bytes(const void* a, const void* b) {
  return _mm_unpacklo_epi32(_mm_cvtsi32_si128(read<int32_t>(a)), _mm_cvtsi32_si128(read<int32_t>(b)));
}
inline __m128i load_8_bytes(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
inline __m128i load_16_bytes(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }

inline I32 load_u8(const void* a, const void* b) {
  return {_mm256_cvtepu8_epi32(load_8_bytes(a)), _mm256_cvtepu8_epi32(load_8_bytes(b))};
}
inline I32 load_i8(const void* a, const void* b) {
  return {_mm256_cvtepi8_epi32(load_8_bytes(a)), _mm256_cvtepi8_epi32(load_8_bytes(b))};
}
inline I32 load_u8(const void* a, const void* b, const void* c, const void* d) {
  return {_mm256_cvtepu8_epi32(load_4_4_bytes(a, b)), _mm256_cvtepu8_epi32(load_4_4_bytes(c, d))};
}
inline I32 load_u8(const void* p) { return load_u8(p, static_cast<const char*>(p) + 8); }
inline I32 load_i8(const void* p) { return load_i8(p, static_cast<const char*>(p) + 8); }
inline I32 load_u16(const void* p) {
  const auto* bytes = static_cast<const char*>(p);
  return {_mm256_cvtepu16_epi32(load_16_bytes(bytes)), _mm256_cvtepu16_epi32(load_16_bytes(bytes + 16))};
}
inline I32 load_i16(const void* p) {
  const auto* bytes = static_cast<const char*>(p);
  return {_mm256_cvtepi16_epi32(load_16_bytes(bytes)), _mm256_cvtepi16_epi32(load_16_bytes(bytes + 16))};
}

inline F32 broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F64 broadcast(double x) {
  const __m256d v = _mm256_set1_pd(x);
  return {v, v, v, v};
}
inline I32 broadcast(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline I32 broadcast(uint32_t x) { return broadcast(static_cast<int32_t>(x)); }
inline I32 iota() {
  return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15)};
}

// ---- integers
inline I32 operator+(I32 a, I32 b) { return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)}; }
inline I32 operator-(I32 a, I32 b) { return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)}; }
inline I32 operator*(I32 a, I32 b) { return {_mm256_mullo_epi32(a.low, b.low), _mm256_mullo_epi32(a.high, b.high)}; }
inline I32 operator&(I32 a, I32 b) { return {_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)}; }
inline I32 operator|(I32 a, I32 b) { return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)}; }
inline I32 operator^(I32 a, I32 b) { return {_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high)}; }
template <int N>
inline I32 shift_left(I32 a) {
  return {_mm256_slli_epi32(a.low, N), _mm256_slli_epi32(a.high, N)};
}
template <int N>
inline I32 shift_right(I32 a) {
  return {_mm256_srli_epi32(a.low, N), _mm256_srli_epi32(a.high, N)};
}
inline __m256i popcount_eight(__m256i a) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i of_nibble = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  const __m256i low = _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(a, nibble));
  const __m256i high = _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(_mm256_srli_epi32(a, 4), nibble));
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
inline I32 popcount(I32 a) { return {popcount_eight(a.low), popcount_eight(a.high)}; }
inline I32 shift_right(I32 a, I32 by) { return {_mm256_srlv_epi32(a.low, by.low), _mm256_srlv_epi32(a.high, by.high)}; }

// ---- bytes and words
inline I32 even_bytes(I32 a) {
  return {_mm256_srai_epi16(_mm256_slli_epi16(a.low, 8), 8), _mm256_srai_epi16(_mm256_slli_epi16(a.high, 8), 8)};
}
inline I32 odd_bytes(I32 a) { return {_mm256_srai_epi16(a.low, 8), _mm256_srai_epi16(a.high, 8)}; }
inline I32 square_words(I32 a) { return {_mm256_mullo_epi16(a.low, a.low), _mm256_mullo_epi16(a.high, a.high)}; }
inline I32 add_products(I32 sums, I32 a, I32 b) {
  return sums + I32{_mm256_madd_epi16(a.low, b.low), _mm256_madd_epi16(a.high, b.high)};
}
inline I32 add_byte_products(I32 sums, I32 a, I32 b) {
  const I32 pairs = {_mm256_maddubs_epi16(a.low, b.low), _mm256_maddubs_epi16(a.high, b.high)};
  const __m256i word = _mm256_set1_epi16(1);
  return add_products(sums, pairs, {word, word});
}
inline I32 add_bytes(I32 sums, I32 bytes) {
  const __m256i one = _mm256_set1_epi8(1);
  return add_byte_products(sums, {one, one}, bytes);
}
inline I32 pick_bytes(I32 tables, I32 index) {
  return {_mm256_shuffle_epi8(tables.low, index.low), _mm256_shuffle_epi8(tables.high, index.high)};
}
inline I32 min_bytes(I32 a, I32 b) { return {_mm256_min_epi8(a.low, b.low), _mm256_min_epi8(a.high, b.high)}; }
inline I32 max_bytes(I32 a, I32 b) { return {_mm256_max_epi8(a.low, b.low), _mm256_max_epi8(a.high, b.high)}; }
inline ByteMask less_bytes(I32 a, I32 b) {
  return {{_mm256_cmpgt_epi8(b.low, a.low), _mm256_cmpgt_epi8(b.high, a.high)}};
}
inline ByteMask equal_bytes(I32 a, I32 b) {
  return {{_mm256_cmpeq_epi8(a.low, b.low), _mm256_cmpeq_epi8(a.high, b.high)}};
}
inline I32 only_bytes(ByteMask m, I32 a) { return m.set & a; }
inline I32 increment_bytes(I32 a, ByteMask m) {
  return {_mm256_sub_epi8(a.low, m.set.low), _mm256_sub_epi8(a.high, m.set.high)};
}

inline I32 abs_bytes(I32 a) { return {_mm256_abs_epi8(a.low), _mm256_abs_epi8(a.high)}; }

struct Quads {
  I32 of[4];
};
inline Quads transposed(const Quads& rows) {
  Quads quads;
  const auto half = [&](__m256i I32::* part) {
    const __m256i ab01 = _mm256_unpacklo_epi32(rows.of[0].*part, rows.of[1].*part);
    const __m256i ab23 = _mm256_unpackhi_epi32(rows.of[0].*part, rows.of[1].*part);
    const __m256i cd01 = _mm256_unpacklo_epi32(rows.of[2].*part, rows.of[3].*part);
    const __m256i cd23 = _mm256_unpackhi_epi32(rows.of[2].*part, rows.of[3].*part);
    quads.of[0].*part = _mm256_unpacklo_epi64(ab01, cd01);
    quads.of[1].*part = _mm256_unpackhi_epi64(ab01, cd01);
    quads.of[2].*part = _mm256_unpacklo_epi64(ab23, cd23);
    quads.of[3].*part = _mm256_unpackhi_epi64(ab23, cd23);
  };
  half(&I32::low);
  half(&I32::high);
  return quads;
}
inline Quads quads_of(const void* p, size_t stride) {
  const auto every_fourth = [&](size_t first) {
    const auto* bytes = static_cast<const char*>(p) + first * stride;
    return I32{_mm256_set_m128i(load_16_bytes(bytes + 4 * stride), load_16_bytes(bytes)),
               _mm256_set_m128i(load_16_bytes(bytes + 12 * stride), load_16_bytes(bytes + 8 * stride))};
  };
  return transposed({{every_fourth(0), every_fourth(1), every_fourth(2), every_fourth(3)}});
}
inline I32 even_pieces(I32 a, I32 b) {
  return {_mm256_permute2x128_si256(a.low, a.high, 0x20), _mm256_permute2x128_si256(b.low, b.high, 0x20)};
}
inline I32 odd_pieces(I32 a, I32 b) {
  return {_mm256_permute2x128_si256(a.low, a.high, 0x31), _mm256_permute2x128_si256(b.low, b.high, 0x31)};
}

// ---- float32
inline F32 operator+(F32 a, F32 b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline F32 operator-(F32 a, F32 b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline F32 operator*(F32 a, F32 b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline F32 operator/(F32 a, F32 b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
inline F32 multiply_add(F32 a, F32 b, F32 c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline F32 abs(F32 a) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
inline F32 min(F32 a, F32 b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
inline F32 max(F32 a, F32 b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }

// ---- float64
inline F64 operator+(F64 x, F64 y) {
  return {_mm256_add_pd(x.a, y.a), _mm256_add_pd(x.b, y.b), _mm256_add_pd(x.c, y.c), _mm256_add_pd(x.d, y.d)};
}
inline F64 operator-(F64 x, F64 y) {
  return {_mm256_sub_pd(x.a, y.a), _mm256_sub_pd(x.b, y.b), _mm256_sub_pd(x.c, y.c), _mm256_sub_pd(x.d, y.d)};
}
inline F64 operator*(F64 x, F64 y) {
  return {_mm256_mul_pd(x.a, y.a), _mm256_mul_pd(x.b, y.b), _mm256_mul_pd(x.c, y.c), _mm256_mul_pd(x.d, y.d)};
}
inline F64 exact_multiply_add(F64 x, F64 y, F64 z) {
  return {_mm256_fmadd_pd(x.a, y.a, z.a), _mm256_fmadd_pd(x.b, y.b, z.b), _mm256_fmadd_pd(x.c, y.c, z.c),
          _mm256_fmadd_pd(x.d, y.d, z.d)};
}
inline F64 abs(F64 x) {
  const __m256d sign = _mm256_set1_pd(-0.0);
  return {_mm256_andnot_pd(sign, x.a), _mm256_andnot_pd(sign, x.b), _mm256_andnot_pd(sign, x.c),
          _mm256_andnot_pd(sign, x.d)};
}
inline F64 max(F64 x, F64 y) {
  return {_mm256_max_pd(x.a, y.a), _mm256_max_pd(x.b, y.b), _mm256_max_pd(x.c, y.c), _mm256_max_pd(x.d, y.d)};
}

// ---- conversions
inline __m128 first_four(__m256 v) { return _mm256_castps256_ps128(v); }
inline __m128 last_four(__m256 v) { return _mm256_extractf128_ps(v, 1); }

inline F32 to_f32(I32 a) { return {_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)}; }
inline F32 to_f32(F64 x) {
  return {_mm256_set_m128(_mm256_cvtpd_ps(x.b), _mm256_cvtpd_ps(x.a)),
          _mm256_set_m128(_mm256_cvtpd_ps(x.d), _mm256_cvtpd_ps(x.c))};
}
inline F64 to_f64(F32 a) {
  return {_mm256_cvtps_pd(first_four(a.low)), _mm256_cvtps_pd(last_four(a.low)), _mm256_cvtps_pd(first_four(a.high)),
          _mm256_cvtps_pd(last_four(a.high))};
}
inline F64 to_f64(I32 a) {
  return {_mm256_cvtepi32_pd(_mm256_castsi256_si128(a.low)), _mm256_cvtepi32_pd(_mm256_extracti128_si256(a.low, 1)),
          _mm256_cvtepi32_pd(_mm256_castsi256_si128(a.high)), _mm256_cvtepi32_pd(_mm256_extracti128_si256(a.high, 1))};
}
inline F32 half_to_f32(I32 a) {
  const __m256i halves = low_halves(a);
  return {_mm256_cvtph_ps(_mm256_castsi256_si128(halves)), _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1))};
}
inline F32 as_f32(I32 a) { return {_mm256_castsi256_ps(a.low), _mm256_castsi256_ps(a.high)}; }
inline I32 as_i32(F32 a) { return {_mm256_castps_si256(a.low), _mm256_castps_si256(a.high)}; }

// ---- tables of sixteen: read both halves at the low three bits of an index, then let bit 3, moved to the sign,
// choose
inline __m256 pick_eight(F32 table, __m256i index) {
  return _mm256_blendv_ps(_mm256_permutevar8x32_ps(table.low, index), _mm256_permutevar8x32_ps(table.high, index),
                          _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}
inline F32 pick(F32 table, I32 index) { return {pick_eight(table, index.low), pick_eight(table, index.high)}; }
inline I32 pick(I32 table, I32 index) { return as_i32(pick(as_f32(table), index)); }

// ---- bit planes of 4-bit codes
template <int Distance>
inline __m256i exchanged(__m256i x, int64_t mask) {
  const __m256i moved = _mm256_and_si256(_mm256_xor_si256(x, _mm256_srli_epi64(x, Distance)), _mm256_set1_epi64x(mask));
  return _mm256_xor_si256(x, _mm256_xor_si256(moved, _mm256_slli_epi64(moved, Distance)));
}
inline __m256i transposed(__m256i x) {
  x = exchanged<7>(x, 0x00AA00AA00AA00AA);
  x = exchanged<14>(x, 0x0000CCCC0000CCCC);
  return exchanged<28>(x, 0x00000000F0F0F0F0);
}

using NibblePlanes = Quads;
// rows[i]: the four planes of sub-block i.
inline NibblePlanes transpose_rows(const __m128i (&rows)[kLanes]) {
  const auto every_fourth = [&](int first) {
    return I32{_mm256_set_m128i(rows[first + 4], rows[first]), _mm256_set_m128i(rows[first + 12], rows[first + 8])};
  };
  return transposed({{every_fourth(0), every_fourth(1), every_fourth(2), every_fourth(3)}});
}
inline NibblePlanes planes_of_pairs(const void* first, const void* second) {
  __m128i rows[kLanes];
  const __m256i pair_bytes = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, 0, 8, 1, 9, 2, 10,
                                              3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
  for (int i = 0; i < 8; ++i) {
    const auto* bytes = static_cast<const char*>(i < 4 ? first : second) + 32 * (i % 4);
    const __m256i bits = transposed(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes)));
    const __m256i words = _mm256_shuffle_epi8(bits, pair_bytes);
    const __m128i upper = _mm256_extracti128_si256(words, 1);
    rows[2 * i] = _mm_unpacklo_epi16(_mm256_castsi256_si128(words), upper);
    rows[2 * i + 1] = _mm_unpackhi_epi16(_mm256_castsi256_si128(words), upper);
  }
  return transpose_rows(rows);
}
inline NibblePlanes planes_of_sixteens(const void* p, size_t stride) {
  __m128i rows[kLanes];
  const __m256i by_plane = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9,
                                            13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (int i = 0; i < kLanes; i += 2) {
    const auto* bytes = static_cast<const char*>(p) + i * stride;
    const __m256i bits = transposed(_mm256_set_m128i(load_16_bytes(bytes + stride), load_16_bytes(bytes)));
    const __m256i planes = _mm256_shuffle_epi8(bits, by_plane);
    rows[i] = _mm256_castsi256_si128(planes);
    rows[i + 1] = _mm256_extracti128_si256(planes, 1);
  }
  return transpose_rows(rows);
}

// ---- masks
inline Mask as_mask(F32 a) { return {_mm256_castps_si256(a.low), _mm256_castps_si256(a.high)}; }
inline __m256i lanes_of_bits(uint32_t set, __m256i bit) {
  return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int32_t>(set)), bit), bit);
}

inline uint32_t bits(Mask m) {
  const int low = _mm256_movemask_ps(_mm256_castsi256_ps(m.low));
  const int high = _mm256_movemask_ps(_mm256_castsi256_ps(m.high));
  return static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 8;
}
inline Mask mask_from_bits(uint32_t set) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return {lanes_of_bits(set, bit), lanes_of_bits(set >> 8, bit)};
}
inline Mask first_lanes(int n) {
  const I32 lane = iota();
  const __m256i limit = _mm256_set1_epi32(n);
  return {_mm256_cmpgt_epi32(limit, lane.low), _mm256_cmpgt_epi32(limit, lane.high)};
}
inline int count(Mask m) { return __builtin_popcount(bits(m)); }
inline Mask operator&(Mask a, Mask b) { return {_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)}; }
inline Mask less(F32 a, F32 b) {
  return as_mask({_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)});
}
inline Mask equal(F32 a, F32 b) {
  return as_mask({_mm256_cmp_ps(a.low, b.low, _CMP_EQ_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_EQ_OQ)});
}
inline Mask equal(I32 a, I32 b) { return {_mm256_cmpeq_epi32(a.low, b.low), _mm256_cmpeq_epi32(a.high, b.high)}; }

inline I32 select(Mask m, I32 a, I32 b) {
  return {_mm256_blendv_epi8(b.low, a.low, m.low), _mm256_blendv_epi8(b.high, a.high, m.high)};
}
inline I32 increment(I32 a, Mask m) {  // a set lane is −1
  return {_mm256_sub_epi32(a.low, m.low), _mm256_sub_epi32(a.high, m.high)};
}
inline F32 select(Mask m, F32 a, F32 b) {
  return {_mm256_blendv_ps(b.low, a.low, _mm256_castsi256_ps(m.low)),
          _mm256_blendv_ps(b.high, a.high, _mm256_castsi256_ps(m.high))};
}
inline __m256d select_four(__m128i mask, __m256d a, __m256d b) {
  return _mm256_blendv_pd(b, a, _mm256_castsi256_pd(_mm256_cvtepi32_epi64(mask)));
}
inline F64 select(Mask m, F64 x, F64 y) {
  return {select_four(_mm256_castsi256_si128(m.low), x.a, y.a),
          select_four(_mm256_extracti128_si256(m.low, 1), x.b, y.b),
          select_four(_mm256_castsi256_si128(m.high), x.c, y.c),
          select_four(_mm256_extracti128_si256(m.high, 1), x.d, y.d)};
}

// ---- reductions
inline double sum(F64 x) {
  const __m256d four = _mm256_add_pd(_mm256_add_pd(x.a, x.c), _mm256_add_pd(x.b, x.d));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
inline uint32_t sum(I32 x) {
  const __m256i eight = _mm256_add_epi32(x.low, x.high);
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0b01))));
}
inline float lowest(F32 a) {
  const __m256 eight = _mm256_min_ps(a.low, a.high);
  const __m128 four = _mm_min_ps(first_four(eight), last_four(eight));
  const __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_min_ss(two, _mm_movehdup_ps(two)));
}
inline float highest(F32 a) {
  const __m256 eight = _mm256_max_ps(a.low, a.high);
  const __m128 four = _mm_max_ps(first_four(eight), last_four(eight));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
inline double highest(F64 x) {
  const __m256d four = _mm256_max_pd(_mm256_max_pd(x.a, x.c), _mm256_max_pd(x.b, x.d));
  const __m128d two = _mm_max_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_max_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace
}  // namespace ggufscope
