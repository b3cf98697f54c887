// The 16-lane vocabulary for AVX-512: sixteen float32 or int32 are one register, sixteen float64 two. "avx512" has F,
// BW, DQ and VL; "avx512icl" (Ice Lake, Zen 4) has GFNI, VBMI and VPOPCNTDQ as well, for words on bits, and VNNI, for
// sums of products. Equal to generic.h bit for bit, NaN payloads aside; what the words mean is written there.
#pragma once

// GCC 12's own header warns about itself: its "undefined" registers are initialized from themselves (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#else
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ggufscope {
namespace {

inline constexpr int kLanes = 16;
inline constexpr bool kPicksAtOnce = true;

struct F32 {
  __m512 v;
};
struct I32 {
  __m512i v;
};
struct F64 {
  __m512d low;   // lanes 0-7
  __m512d high;  // lanes 8-15
};
struct Mask {
  __mmask16 set;
};
struct ByteMask {
  __mmask64 set;
};

template <class T>
inline T read(const void* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

inline float half_to_float(uint16_t half) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half))); }

// ---- loads and stores
inline F32 load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline F64 load(const double* p) { return {_mm512_loadu_pd(p), _mm512_loadu_pd(p + 8)}; }
inline void store(float* p, F32 x) { _mm512_storeu_ps(p, x.v); }
inline void store(double* p, F64 x) {
  _mm512_storeu_pd(p, x.low);
  _mm512_storeu_pd(p + 8, x.high);
}
inline void stream(float* p, F32 x) { _mm512_stream_ps(p, x.v); }
inline void end_stream() { _mm_sfence(); }
inline I32 load_i32(const void* p) { return {_mm512_loadu_si512(p)}; }
inline void store_i32(void* p, I32 x) { _mm512_storeu_si512(p, x.v); }
inline void store_u16(void* p, I32 x) { _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtepi32_epi16(x.v)); }

inline __m128i load_16_bytes(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline __m256i load_32_bytes(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline __m128i load_8_8_bytes(const void* a, const void* b) {
  return _mm_set_epi64x(read<int64_t>(b), read<int64_t>(a));
}

inline I32 load_u8(const void* p) { return {_mm512_cvtepu8_epi32(load_16_bytes(p))}; }
inline I32 load_i8(const void* p) { return {_mm512_cvtepi8_epi32(load_16_bytes(p))}; }
inline I32 load_u16(const void* p) { return {_mm512_cvtepu16_epi32(load_32_bytes(p))}; }
inline I32 load_i16(const void* p) { return {_mm512_cvtepi16_epi32(load_32_bytes(p))}; }
inline I32 load_u8(const void* a, const void* b) { return {_mm512_cvtepu8_epi32(load_8_8_bytes(a, b))}; }
inline I32 load_i8(const void* a, const void* b) { return {_mm512_cvtepi8_epi32(load_8_8_bytes(a, b))}; }
inline I32 load_u8(const void* a, const void* b, const void* c, const void* d) {
  const __m128i bytes = _mm_set_epi32(read<int32_t>(d), read<int32_t>(c), read<int32_t>(b), read<int32_t>(a));
  return {_mm512_cvtepu8_epi32(bytes)};
}

inline F32 broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline F64 broadcast(double x) { return {_mm512_set1_pd(x), _mm512_set1_pd(x)}; }
inline I32 broadcast(int32_t x) { return {_mm512_set1_epi32(x)}; }
inline I32 broadcast(uint32_t x) { return {_mm512_set1_epi32(static_cast<int32_t>(x))}; }
inline I32 iota() { return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)}; }

// ---- integers
inline I32 operator+(I32 a, I32 b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline I32 operator-(I32 a, I32 b) { return {_mm512_sub_epi32(a.v, b.v)}; }
inline I32 operator*(I32 a, I32 b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
inline I32 operator&(I32 a, I32 b) { return {_mm512_and_si512(a.v, b.v)}; }
inline I32 operator|(I32 a, I32 b) { return {_mm512_or_si512(a.v, b.v)}; }
inline I32 operator^(I32 a, I32 b) { return {_mm512_xor_si512(a.v, b.v)}; }
template <int N>
inline I32 shift_left(I32 a) {
  return {_mm512_slli_epi32(a.v, N)};
}
template <int N>
inline I32 shift_right(I32 a) {
  return {_mm512_srli_epi32(a.v, N)};
}
inline I32 popcount(I32 a) {
#if defined(__AVX512VPOPCNTDQ__)
  return {_mm512_popcnt_epi32(a.v)};
#else
  const __m512i nibble = _mm512_set1_epi8(15);
  const __m512i of_nibble = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  const __m512i low = _mm512_shuffle_epi8(of_nibble, _mm512_and_si512(a.v, nibble));
  const __m512i high = _mm512_shuffle_epi8(of_nibble, _mm512_and_si512(_mm512_srli_epi32(a.v, 4), nibble));
  const __m512i pairs = _mm512_maddubs_epi16(_mm512_add_epi8(low, high), _mm512_set1_epi8(1));
  return {_mm512_madd_epi16(pairs, _mm512_set1_epi16(1))};
#endif
}
inline I32 shift_right(I32 a, I32 by) { return {_mm512_srlv_epi32(a.v, by.v)}; }

// ---- bytes and words
inline I32 even_bytes(I32 a) { return {_mm512_srai_epi16(_mm512_slli_epi16(a.v, 8), 8)}; }
inline I32 odd_bytes(I32 a) { return {_mm512_srai_epi16(a.v, 8)}; }
inline I32 square_words(I32 a) { return {_mm512_mullo_epi16(a.v, a.v)}; }
#if defined(__AVX512VNNI__)
inline I32 add_products(I32 sums, I32 a, I32 b) { return {_mm512_dpwssd_epi32(sums.v, a.v, b.v)}; }
inline I32 add_byte_products(I32 sums, I32 a, I32 b) { return {_mm512_dpbusd_epi32(sums.v, a.v, b.v)}; }
#else
inline I32 add_products(I32 sums, I32 a, I32 b) { return {_mm512_add_epi32(sums.v, _mm512_madd_epi16(a.v, b.v))}; }
inline I32 add_byte_products(I32 sums, I32 a, I32 b) {
  const __m512i pairs = _mm512_maddubs_epi16(a.v, b.v);
  return {_mm512_add_epi32(sums.v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
}
#endif
inline I32 add_bytes(I32 sums, I32 bytes) { return add_byte_products(sums, {_mm512_set1_epi8(1)}, bytes); }
inline I32 pick_bytes(I32 tables, I32 index) { return {_mm512_shuffle_epi8(tables.v, index.v)}; }
inline I32 min_bytes(I32 a, I32 b) { return {_mm512_min_epi8(a.v, b.v)}; }
inline I32 max_bytes(I32 a, I32 b) { return {_mm512_max_epi8(a.v, b.v)}; }
inline ByteMask less_bytes(I32 a, I32 b) { return {_mm512_cmplt_epi8_mask(a.v, b.v)}; }
inline ByteMask equal_bytes(I32 a, I32 b) { return {_mm512_cmpeq_epi8_mask(a.v, b.v)}; }
inline I32 only_bytes(ByteMask m, I32 a) { return {_mm512_maskz_mov_epi8(m.set, a.v)}; }
inline I32 increment_bytes(I32 a, ByteMask m) { return {_mm512_mask_add_epi8(a.v, m.set, a.v, _mm512_set1_epi8(1))}; }

inline I32 abs_bytes(I32 a) { return {_mm512_abs_epi8(a.v)}; }

struct Quads {
  I32 of[4];
};
inline Quads transposed(const Quads& rows) {
  const __m512i ab01 = _mm512_unpacklo_epi32(rows.of[0].v, rows.of[1].v);
  const __m512i ab23 = _mm512_unpackhi_epi32(rows.of[0].v, rows.of[1].v);
  const __m512i cd01 = _mm512_unpacklo_epi32(rows.of[2].v, rows.of[3].v);
  const __m512i cd23 = _mm512_unpackhi_epi32(rows.of[2].v, rows.of[3].v);
  return {{{_mm512_unpacklo_epi64(ab01, cd01)},
           {_mm512_unpackhi_epi64(ab01, cd01)},
           {_mm512_unpacklo_epi64(ab23, cd23)},
           {_mm512_unpackhi_epi64(ab23, cd23)}}};
}
[[gnu::always_inline]] inline Quads quads_of(const void* p, size_t stride) {
  const auto every_fourth = [&](size_t first) __attribute__((always_inline)) {
    const auto* bytes = static_cast<const char*>(p) + first * stride;
    __m512i four = _mm512_castsi128_si512(load_16_bytes(bytes));
    four = _mm512_inserti32x4(four, load_16_bytes(bytes + 4 * stride), 1);
    four = _mm512_inserti32x4(four, load_16_bytes(bytes + 8 * stride), 2);
    return I32{_mm512_inserti32x4(four, load_16_bytes(bytes + 12 * stride), 3)};
  };
  return transposed({{every_fourth(0), every_fourth(1), every_fourth(2), every_fourth(3)}});
}
inline I32 even_pieces(I32 a, I32 b) { return {_mm512_shuffle_i32x4(a.v, b.v, 0b10'00'10'00)}; }
inline I32 odd_pieces(I32 a, I32 b) { return {_mm512_shuffle_i32x4(a.v, b.v, 0b11'01'11'01)}; }

// ---- float32
inline F32 operator+(F32 a, F32 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F32 operator-(F32 a, F32 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F32 operator*(F32 a, F32 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F32 operator/(F32 a, F32 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F32 multiply_add(F32 a, F32 b, F32 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline F32 abs(F32 a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0F), a.v)}; }
inline F32 min(F32 a, F32 b) { return {_mm512_min_ps(a.v, b.v)}; }
inline F32 max(F32 a, F32 b) { return {_mm512_max_ps(a.v, b.v)}; }

// ---- float64
inline F64 operator+(F64 a, F64 b) { return {_mm512_add_pd(a.low, b.low), _mm512_add_pd(a.high, b.high)}; }
inline F64 operator-(F64 a, F64 b) { return {_mm512_sub_pd(a.low, b.low), _mm512_sub_pd(a.high, b.high)}; }
inline F64 operator*(F64 a, F64 b) { return {_mm512_mul_pd(a.low, b.low), _mm512_mul_pd(a.high, b.high)}; }
inline F64 exact_multiply_add(F64 a, F64 b, F64 c) {
  return {_mm512_fmadd_pd(a.low, b.low, c.low), _mm512_fmadd_pd(a.high, b.high, c.high)};
}
inline F64 abs(F64 a) {
  const __m512d sign = _mm512_set1_pd(-0.0);
  return {_mm512_andnot_pd(sign, a.low), _mm512_andnot_pd(sign, a.high)};
}
inline F64 max(F64 a, F64 b) { return {_mm512_max_pd(a.low, b.low), _mm512_max_pd(a.high, b.high)}; }

// ---- conversions
inline __m256 low_half(__m512 v) { return _mm512_castps512_ps256(v); }
inline __m256 high_half(__m512 v) { return _mm512_extractf32x8_ps(v, 1); }

inline F32 to_f32(I32 a) { return {_mm512_cvtepi32_ps(a.v)}; }
inline F32 to_f32(F64 a) {
  const __m512 low = _mm512_castps256_ps512(_mm512_cvtpd_ps(a.low));
  return {_mm512_insertf32x8(low, _mm512_cvtpd_ps(a.high), 1)};
}
inline F64 to_f64(F32 a) { return {_mm512_cvtps_pd(low_half(a.v)), _mm512_cvtps_pd(high_half(a.v))}; }
inline F64 to_f64(I32 a) {
  return {_mm512_cvtepi32_pd(_mm512_castsi512_si256(a.v)), _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(a.v, 1))};
}
inline F32 half_to_f32(I32 a) { return {_mm512_cvtph_ps(_mm512_cvtepi32_epi16(a.v))}; }
inline F32 as_f32(I32 a) { return {_mm512_castsi512_ps(a.v)}; }
inline I32 as_i32(F32 a) { return {_mm512_castps_si512(a.v)}; }

// ---- tables of sixteen; the instruction looks at the low four bits of an index
inline F32 pick(F32 table, I32 index) { return {_mm512_permutexvar_ps(index.v, table.v)}; }
inline I32 pick(I32 table, I32 index) { return {_mm512_permutexvar_epi32(index.v, table.v)}; }

// ---- bit planes of 4-bit codes
#if defined(__GFNI__) && defined(__AVX512VBMI__)
// The instruction multiplies matrices of bits; by the identity (its rows the bytes 1, 2, 4, …) it transposes.
inline __m512i transposed_bits(__m512i x) {
  return _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64(static_cast<int64_t>(0x8040201008040201U)), x, 0);
}
#else
template <int Distance>
inline __m512i exchanged(__m512i x, uint64_t mask) {
  const __m512i moved = _mm512_and_si512(_mm512_xor_si512(x, _mm512_srli_epi64(x, Distance)),
                                         _mm512_set1_epi64(static_cast<int64_t>(mask)));
  return _mm512_xor_si512(x, _mm512_xor_si512(moved, _mm512_slli_epi64(moved, Distance)));
}
inline __m512i transposed_bits(__m512i x) {
  x = exchanged<7>(x, 0x00AA00AA00AA00AAU);
  x = exchanged<14>(x, 0x0000CCCC0000CCCCU);
  return exchanged<28>(x, 0x00000000F0F0F0F0U);
}
#endif
// Byte i of the four words of each half of x, whose bytes are the planes 0-3 of one sub-block and 0-3 of another: each
// quarter becomes one plane of four sub-blocks.
inline __m512i gather_pairs(__m512i x) {
#if defined(__AVX512VBMI__)
  alignas(64) static constexpr uint8_t from[64] = {0, 8,  16, 24, 4, 12, 20, 28, 32, 40, 48, 56, 36, 44, 52, 60,
                                                   1, 9,  17, 25, 5, 13, 21, 29, 33, 41, 49, 57, 37, 45, 53, 61,
                                                   2, 10, 18, 26, 6, 14, 22, 30, 34, 42, 50, 58, 38, 46, 54, 62,
                                                   3, 11, 19, 27, 7, 15, 23, 31, 35, 43, 51, 59, 39, 47, 55, 63};
  return _mm512_permutexvar_epi8(_mm512_load_si512(from), x);
#else
  const __m512i words = _mm512_shuffle_epi8(
      x, _mm512_broadcast_i32x4(_mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15)));
  alignas(64) static constexpr uint16_t from[32] = {0, 8,  4, 12, 16, 24, 20, 28, 1, 9,  5, 13, 17, 25, 21, 29,
                                                    2, 10, 6, 14, 18, 26, 22, 30, 3, 11, 7, 15, 19, 27, 23, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(from), words);
#endif
}

using NibblePlanes = Quads;
// From plane k of four sub-blocks in quarter k of each.
inline NibblePlanes transpose_quarters(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab01 = _mm512_shuffle_i64x2(a, b, 0x44);
  const __m512i ab23 = _mm512_shuffle_i64x2(a, b, 0xEE);
  const __m512i cd01 = _mm512_shuffle_i64x2(c, d, 0x44);
  const __m512i cd23 = _mm512_shuffle_i64x2(c, d, 0xEE);
  return {{{_mm512_shuffle_i64x2(ab01, cd01, 0x88)},
           {_mm512_shuffle_i64x2(ab01, cd01, 0xDD)},
           {_mm512_shuffle_i64x2(ab23, cd23, 0x88)},
           {_mm512_shuffle_i64x2(ab23, cd23, 0xDD)}}};
}
inline NibblePlanes planes_of_pairs(const void* first, const void* second) {
  const auto planes = [](const void* p, int offset) {
    return gather_pairs(transposed_bits(_mm512_loadu_si512(static_cast<const char*>(p) + offset)));
  };
  return transpose_quarters(planes(first, 0), planes(first, 64), planes(second, 0), planes(second, 64));
}
inline NibblePlanes planes_of_sixteens(const void* p, size_t stride) {
  // The planes of a block fill one quarter; with its planes as rows, four blocks are transposed once more.
  const auto planes = [&](size_t block) {
    const char* at = static_cast<const char*>(p) + block * stride;
    __m512i four = _mm512_castsi128_si512(load_16_bytes(at));
    four = _mm512_inserti32x4(four, load_16_bytes(at + stride), 1);
    four = _mm512_inserti32x4(four, load_16_bytes(at + 2 * stride), 2);
    four = _mm512_inserti32x4(four, load_16_bytes(at + 3 * stride), 3);
    const __m512i by_block = _mm512_shuffle_epi8(
        transposed_bits(four),
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)));
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), by_block);
  };
  return transpose_quarters(planes(0), planes(4), planes(8), planes(12));
}

// ---- masks
inline uint32_t bits(Mask m) { return m.set; }
inline Mask mask_from_bits(uint32_t set) { return {static_cast<__mmask16>(set)}; }
inline Mask first_lanes(int n) { return {static_cast<__mmask16>((1U << n) - 1U)}; }
inline int count(Mask m) { return __builtin_popcount(m.set); }
inline Mask operator&(Mask a, Mask b) { return {static_cast<__mmask16>(a.set & b.set)}; }
inline Mask less(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask equal(F32 a, F32 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
inline Mask equal(I32 a, I32 b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
inline I32 increment(I32 a, Mask m) { return {_mm512_mask_add_epi32(a.v, m.set, a.v, _mm512_set1_epi32(1))}; }
inline F32 select(Mask m, F32 a, F32 b) { return {_mm512_mask_blend_ps(m.set, b.v, a.v)}; }
inline F64 select(Mask m, F64 a, F64 b) {
  const auto low = static_cast<__mmask8>(m.set);
  const auto high = static_cast<__mmask8>(m.set >> 8);
  return {_mm512_mask_blend_pd(low, b.low, a.low), _mm512_mask_blend_pd(high, b.high, a.high)};
}
inline I32 select(Mask m, I32 a, I32 b) { return {_mm512_mask_blend_epi32(m.set, b.v, a.v)}; }

// ---- reductions
inline double sum(F64 a) {
  const __m512d eight = _mm512_add_pd(a.low, a.high);
  const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
inline uint32_t sum(I32 a) { return static_cast<uint32_t>(_mm512_reduce_add_epi32(a.v)); }
inline float lowest(F32 a) {
  const __m256 eight = _mm256_min_ps(low_half(a.v), high_half(a.v));
  const __m128 four = _mm_min_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_min_ss(two, _mm_movehdup_ps(two)));
}
inline float highest(F32 a) {
  const __m256 eight = _mm256_max_ps(low_half(a.v), high_half(a.v));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
inline double highest(F64 a) {
  const __m512d eight = _mm512_max_pd(a.low, a.high);
  const __m256d four = _mm256_max_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
  const __m128d two = _mm_max_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_max_sd(two, _mm_unpackhi_pd(two, two)));
}

}  // namespace
}  // namespace ggufscope
