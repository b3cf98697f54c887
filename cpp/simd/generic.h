// The 16-lane vocabulary in plain C++: the definition the other headers in this folder must equal bit for bit.
//
// A value of type F32, I32 or F64 is sixteen logical lanes, whatever registers an instruction set has: one
// 512-bit register, two of 256, four of 128, or, here, an array. Kernels are written once in these words, so a
// sum has the same order of additions, and therefore the same bits, on every instruction set.
//
// Everything sits in an anonymous namespace: a unit built with wider flags must not share a symbol with any other
// (the linker would keep one copy, maybe the one the CPU cannot run).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ggufscope {
namespace {

inline constexpr int kLanes = 16;
inline constexpr bool kPicksAtOnce = false;  // whether pick(F32, I32) is one instruction

struct F32 {
  float lane[kLanes];
};
struct I32 {  // 32-bit integers; unsigned where it matters (shifts, additions wrap), signed for to_f32
  uint32_t lane[kLanes];
};
struct F64 {
  double lane[kLanes];
};
struct Mask {  // bit l speaks of lane l
  uint32_t set;
};
struct ByteMask {  // of the four bytes of each lane
  I32 set;         // −1 or 0
};

template <class V, class Function>
inline V each_lane(Function function) {
  V result;
  for (int l = 0; l < kLanes; ++l) result.lane[l] = function(l);
  return result;
}

template <class Function>
inline Mask each_bit(Function function) {
  uint32_t set = 0;
  for (int l = 0; l < kLanes; ++l) set |= static_cast<uint32_t>(function(l)) << l;
  return {set};
}

template <class T>
inline T read(const void* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

// ---- one half-precision number; NaN payloads are free (tests compare NaN equal to NaN)
inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t magnitude = half & 0x7FFFU;
  if (magnitude >= 0x7C00U) {  // Inf, NaN
    return __builtin_bit_cast(float, sign | 0x7F800000U | (magnitude & 0x3FFU) << 13);
  }
  // Exponents differ by 112; a multiplication by 2^112 moves the field and normalizes subnormals, exactly.
  const float scaled = __builtin_bit_cast(float, magnitude << 13) * 0x1p112F;
  return __builtin_bit_cast(float, sign | __builtin_bit_cast(uint32_t, scaled));
}

// ---- loads and stores; no alignment is asked for
inline F32 load(const float* p) { return read<F32>(p); }
inline F64 load(const double* p) { return read<F64>(p); }
inline void store(float* p, F32 x) { std::memcpy(p, &x, sizeof x); }
inline void store(double* p, F64 x) { std::memcpy(p, &x, sizeof x); }
inline void stream(float* p, F32 x) { store(p, x); }  // past the caches where possible; p at a multiple of 64 bytes
inline void end_stream() {}                           // before others may read what was streamed
inline I32 load_i32(const void* p) { return read<I32>(p); }
inline void store_i32(void* p, I32 x) { std::memcpy(p, &x, sizeof x); }
inline void store_u16(void* p, I32 x) {  // the low half of each lane
  for (int l = 0; l < kLanes; ++l) {
    const auto low = static_cast<uint16_t>(x.lane[l]);
    std::memcpy(static_cast<char*>(p) + l * sizeof low, &low, sizeof low);
  }
}

template <class T>
inline I32 load_widened(const void* p) {
  return each_lane<I32>(
      [&](int l) { return static_cast<uint32_t>(read<T>(static_cast<const char*>(p) + l * sizeof(T))); });
}
inline I32 load_u8(const void* p) { return load_widened<uint8_t>(p); }    // 16 bytes, zero-extended
inline I32 load_i8(const void* p) { return load_widened<int8_t>(p); }     // 16 bytes, sign-extended
inline I32 load_u16(const void* p) { return load_widened<uint16_t>(p); }  // 32 bytes
inline I32 load_i16(const void* p) { return load_widened<int16_t>(p); }   // 32 bytes

// Codebook rows: lanes 0-7 from eight bytes at a, lanes 8-15 from eight at b.
inline I32 load_u8(const void* a, const void* b) {
  uint8_t bytes[kLanes];
  std::memcpy(bytes, a, 8);
  std::memcpy(bytes + 8, b, 8);
  return load_u8(bytes);
}
inline I32 load_i8(const void* a, const void* b) {
  uint8_t bytes[kLanes];
  std::memcpy(bytes, a, 8);
  std::memcpy(bytes + 8, b, 8);
  return load_i8(bytes);
}
// Four bytes each from a, b, c, d.
inline I32 load_u8(const void* a, const void* b, const void* c, const void* d) {
  uint8_t bytes[kLanes];
  std::memcpy(bytes, a, 4);
  std::memcpy(bytes + 4, b, 4);
  std::memcpy(bytes + 8, c, 4);
  std::memcpy(bytes + 12, d, 4);
  return load_u8(bytes);
}

inline F32 broadcast(float x) {
  return each_lane<F32>([&](int) { return x; });
}
inline F64 broadcast(double x) {
  return each_lane<F64>([&](int) { return x; });
}
inline I32 broadcast(int32_t x) {
  return each_lane<I32>([&](int) { return static_cast<uint32_t>(x); });
}
inline I32 broadcast(uint32_t x) {
  return each_lane<I32>([&](int) { return x; });
}
inline I32 iota() {  // 0, 1, …, 15
  return each_lane<I32>([](int l) { return static_cast<uint32_t>(l); });
}

// ---- integers
inline I32 operator+(I32 a, I32 b) {
  return each_lane<I32>([&](int l) { return a.lane[l] + b.lane[l]; });
}
inline I32 operator-(I32 a, I32 b) {
  return each_lane<I32>([&](int l) { return a.lane[l] - b.lane[l]; });
}
inline I32 operator*(I32 a, I32 b) {  // low 32 bits
  return each_lane<I32>([&](int l) { return a.lane[l] * b.lane[l]; });
}
inline I32 operator&(I32 a, I32 b) {
  return each_lane<I32>([&](int l) { return a.lane[l] & b.lane[l]; });
}
inline I32 operator|(I32 a, I32 b) {
  return each_lane<I32>([&](int l) { return a.lane[l] | b.lane[l]; });
}
inline I32 operator^(I32 a, I32 b) {
  return each_lane<I32>([&](int l) { return a.lane[l] ^ b.lane[l]; });
}
template <int N>
inline I32 shift_left(I32 a) {
  return each_lane<I32>([&](int l) { return a.lane[l] << N; });
}
template <int N>
inline I32 shift_right(I32 a) {  // logical
  return each_lane<I32>([&](int l) { return a.lane[l] >> N; });
}
inline I32 popcount(I32 a) {
  return each_lane<I32>([&](int l) { return static_cast<uint32_t>(__builtin_popcount(a.lane[l])); });
}
inline I32 shift_right(I32 a, I32 by) {  // logical, a count (0-31) per lane
  return each_lane<I32>([&](int l) { return a.lane[l] >> by.lane[l]; });
}

// ---- a lane as four signed bytes or two signed words of 16 bits
template <class Part, class Function>
inline I32 each_part(Function function) {
  I32 result;
  auto* bytes = reinterpret_cast<char*>(&result);
  for (size_t i = 0; i < sizeof result / sizeof(Part); ++i) {
    const Part part = function(i);
    std::memcpy(bytes + i * sizeof part, &part, sizeof part);
  }
  return result;
}
template <class Part>
inline Part part(const I32& a, size_t i) {
  return read<Part>(reinterpret_cast<const char*>(&a) + i * sizeof(Part));
}
inline I32 even_bytes(I32 a) {  // the first byte of each word, as a word
  return each_part<int16_t>([&](size_t i) { return static_cast<int16_t>(part<int8_t>(a, 2 * i)); });
}
inline I32 odd_bytes(I32 a) {  // the second
  return each_part<int16_t>([&](size_t i) { return static_cast<int16_t>(part<int8_t>(a, 2 * i + 1)); });
}
inline I32 square_words(I32 a) {  // low 16 bits
  return each_part<int16_t>([&](size_t i) { return static_cast<int16_t>(part<int16_t>(a, i) * part<int16_t>(a, i)); });
}
inline I32 add_products(I32 sums, I32 a, I32 b) {  // plus both products of words; wraps
  return each_lane<I32>([&](int l) {
    const auto product = [&](size_t i) { return static_cast<uint32_t>(part<int16_t>(a, i) * part<int16_t>(b, i)); };
    return sums.lane[l] + product(2 * l) + product(2 * l + 1);
  });
}
inline I32 add_bytes(I32 sums, I32 bytes) {  // plus the four bytes
  return each_lane<I32>([&](int l) {
    uint32_t sum = sums.lane[l];
    for (int i = 0; i < 4; ++i) sum += static_cast<uint32_t>(part<int8_t>(bytes, 4 * l + i));
    return sum;
  });
}
inline I32 add_byte_products(I32 sums, I32 a, I32 b) {  // plus the four products; bytes of a are not negative
  return each_lane<I32>([&](int l) {
    uint32_t sum = sums.lane[l];
    for (int i = 0; i < 4; ++i) sum += static_cast<uint32_t>(part<int8_t>(a, 4 * l + i) * part<int8_t>(b, 4 * l + i));
    return sum;
  });
}
inline I32 pick_bytes(I32 tables, I32 index) {  // each byte from the same sixteen of tables; index below 16
  return each_part<uint8_t>([&](size_t i) { return part<uint8_t>(tables, i / 16 * 16 + part<uint8_t>(index, i)); });
}
inline I32 min_bytes(I32 a, I32 b) {
  return each_part<int8_t>(
      [&](size_t i) { return part<int8_t>(a, i) < part<int8_t>(b, i) ? part<int8_t>(a, i) : part<int8_t>(b, i); });
}
inline I32 max_bytes(I32 a, I32 b) {
  return each_part<int8_t>(
      [&](size_t i) { return part<int8_t>(a, i) > part<int8_t>(b, i) ? part<int8_t>(a, i) : part<int8_t>(b, i); });
}
inline ByteMask less_bytes(I32 a, I32 b) {
  return {each_part<int8_t>(
      [&](size_t i) { return static_cast<int8_t>(part<int8_t>(a, i) < part<int8_t>(b, i) ? -1 : 0); })};
}
inline ByteMask equal_bytes(I32 a, I32 b) {
  return {each_part<int8_t>(
      [&](size_t i) { return static_cast<int8_t>(part<int8_t>(a, i) == part<int8_t>(b, i) ? -1 : 0); })};
}
inline I32 only_bytes(ByteMask m, I32 a) { return m.set & a; }  // 0 elsewhere
inline I32 increment_bytes(I32 a, ByteMask m) {                 // plus one where set
  return each_part<int8_t>([&](size_t i) { return static_cast<int8_t>(part<int8_t>(a, i) - part<int8_t>(m.set, i)); });
}

inline I32 abs_bytes(I32 a) {  // of −128 it stays −128
  return each_part<int8_t>(
      [&](size_t i) { return static_cast<int8_t>(part<int8_t>(a, i) < 0 ? -part<int8_t>(a, i) : part<int8_t>(a, i)); });
}

// Four rows, and of each its four pieces of sixteen bytes.
//
//   row 0  │ a0 a1 a2 a3 │ b0 … │ c0 … │ d0 … │              lane    0  1  2  3    4 …
//   row 1  │ e0 e1 e2 e3 │ f0 … │ g0 … │ h0 … │    →    of[0]      │ a0 e0 i0 m0 │ b0 f0 j0 n0 │ c0 …
//     …                                                  of[1]      │ a1 e1 i1 m1 │ b1 …
struct Quads {
  I32 of[4];
};
inline Quads transposed(const Quads& rows) {  // lane 4m + r of word k: word k of piece m of row r
  Quads quads{};
  for (int k = 0; k < 4; ++k) {
    quads.of[k] = each_lane<I32>([&](int l) { return rows.of[l % 4].lane[l / 4 * 4 + k]; });
  }
  return quads;
}
// Pieces of sixteen bytes at p, `stride` apart: lane l of word k is word k of piece l.
inline Quads quads_of(const void* p, size_t stride) {
  Quads quads{};
  for (int k = 0; k < 4; ++k) {
    quads.of[k] =
        each_lane<I32>([&](int l) { return read<uint32_t>(static_cast<const char*>(p) + l * stride + 4 * k); });
  }
  return quads;
}
// The first and the third piece of a, then of b; the second and the fourth.
inline I32 even_pieces(I32 a, I32 b) {
  return each_lane<I32>([&](int l) { return (l < 8 ? a : b).lane[l / 4 % 2 * 8 + l % 4]; });
}
inline I32 odd_pieces(I32 a, I32 b) {
  return each_lane<I32>([&](int l) { return (l < 8 ? a : b).lane[l / 4 % 2 * 8 + 4 + l % 4]; });
}

// ---- float32; one IEEE operation per word, nothing is contracted
inline F32 operator+(F32 a, F32 b) {
  return each_lane<F32>([&](int l) { return a.lane[l] + b.lane[l]; });
}
inline F32 operator-(F32 a, F32 b) {
  return each_lane<F32>([&](int l) { return a.lane[l] - b.lane[l]; });
}
inline F32 operator*(F32 a, F32 b) {
  return each_lane<F32>([&](int l) { return a.lane[l] * b.lane[l]; });
}
inline F32 operator/(F32 a, F32 b) {
  return each_lane<F32>([&](int l) { return a.lane[l] / b.lane[l]; });
}
inline F32 multiply_add(F32 a, F32 b, F32 c) {  // rounded once; a call of a function for each lane here
  return each_lane<F32>([&](int l) { return __builtin_fmaf(a.lane[l], b.lane[l], c.lane[l]); });
}
inline F32 abs(F32 a) {
  return each_lane<F32>([&](int l) { return __builtin_fabsf(a.lane[l]); });
}
inline F32 min(F32 a, F32 b) {  // a < b ? a : b, as x86 has it: b when unordered or equal
  return each_lane<F32>([&](int l) { return a.lane[l] < b.lane[l] ? a.lane[l] : b.lane[l]; });
}
inline F32 max(F32 a, F32 b) {  // a > b ? a : b
  return each_lane<F32>([&](int l) { return a.lane[l] > b.lane[l] ? a.lane[l] : b.lane[l]; });
}

// ---- float64
inline F64 operator+(F64 a, F64 b) {
  return each_lane<F64>([&](int l) { return a.lane[l] + b.lane[l]; });
}
inline F64 operator-(F64 a, F64 b) {
  return each_lane<F64>([&](int l) { return a.lane[l] - b.lane[l]; });
}
inline F64 operator*(F64 a, F64 b) {
  return each_lane<F64>([&](int l) { return a.lane[l] * b.lane[l]; });
}
// a · b + c where nothing rounds, neither the product nor the sum: one instruction does both where there is one.
inline F64 exact_multiply_add(F64 a, F64 b, F64 c) { return a * b + c; }
inline F64 abs(F64 a) {
  return each_lane<F64>([&](int l) { return __builtin_fabs(a.lane[l]); });
}
inline F64 max(F64 a, F64 b) {  // a > b ? a : b
  return each_lane<F64>([&](int l) { return a.lane[l] > b.lane[l] ? a.lane[l] : b.lane[l]; });
}

// ---- conversions; every rounding is to nearest, ties to even
inline F32 to_f32(I32 a) {  // from signed integers
  return each_lane<F32>([&](int l) { return static_cast<float>(static_cast<int32_t>(a.lane[l])); });
}
inline F32 to_f32(F64 a) {
  return each_lane<F32>([&](int l) { return static_cast<float>(a.lane[l]); });
}
inline F64 to_f64(F32 a) {
  return each_lane<F64>([&](int l) { return static_cast<double>(a.lane[l]); });
}
inline F64 to_f64(I32 a) {  // from signed integers
  return each_lane<F64>([&](int l) { return static_cast<double>(static_cast<int32_t>(a.lane[l])); });
}
inline F32 half_to_f32(I32 a) {  // from the low 16 bits of each lane
  return each_lane<F32>([&](int l) { return half_to_float(static_cast<uint16_t>(a.lane[l])); });
}
// Lane by lane: a cast of the whole array is miscompiled by GCC 12 for arm64.
inline F32 as_f32(I32 a) {
  return each_lane<F32>([&](int l) { return __builtin_bit_cast(float, a.lane[l]); });
}
inline I32 as_i32(F32 a) {
  return each_lane<I32>([&](int l) { return __builtin_bit_cast(uint32_t, a.lane[l]); });
}

// ---- a table of sixteen entries, one per lane, read at an index (its low four bits) per lane
inline F32 pick(F32 table, I32 index) {
  return each_lane<F32>([&](int l) { return table.lane[index.lane[l] & 15U]; });
}
inline I32 pick(I32 table, I32 index) {
  return each_lane<I32>([&](int l) { return table.lane[index.lane[l] & 15U]; });
}

// ---- 4-bit codes as bit planes: plane k has the bits k of 32 codes in each lane, in any order that is the same in all
// four planes, so that a code is counted by three ANDs and a popcount
//
//   eight bytes of codes        their bits, transposed           gathered from four such words
//   ┌────┬────┬───┬────┐      ┌────────────┬───┬────────────┐       ┌────┬────┬────┬─────┐
//   │ b0 │ b1 │ … │ b7 │  →   │ bits 0 of  │ … │ bits 7 of  │   →   │ 0-7│8-15│ …  │24-31│  plane 0 of the low nibbles,
//   └────┴────┴───┴────┘      │ b0 … b7    │   │ b0 … b7    │       └────┴────┴────┴─────┘  and so on to 7: plane 3 of
//                             └────────────┴───┴────────────┘                               the high ones
using NibblePlanes = Quads;
struct BitMatrix {  // 8 × 8
  uint64_t rows;

  explicit BitMatrix(const uint8_t* eight_bytes) : rows(read<uint64_t>(eight_bytes)) {}

  // By exchanging blocks of 1, 2 and 4 (Warren, Hacker's Delight, 7-3).
  void transpose() {
    exchange(7, 0x00AA00AA00AA00AAU);
    exchange(14, 0x0000CCCC0000CCCCU);
    exchange(28, 0x00000000F0F0F0F0U);
  }
  void exchange(int distance, uint64_t mask) {
    const uint64_t moved = (rows ^ rows >> distance) & mask;
    rows ^= moved ^ moved << distance;
  }
  uint32_t row(int i) const { return static_cast<uint32_t>(rows >> 8 * i & 255U); }
};
// Of 2 × 128 bytes: lane 2i the low nibbles of the i-th 32 of them, lane 2i + 1 the high ones.
inline NibblePlanes planes_of_pairs(const void* first, const void* second) {
  NibblePlanes planes{};
  for (int l = 0; l < kLanes; ++l) {
    const auto* bytes = static_cast<const uint8_t*>(l < 8 ? first : second) + l % 8 / 2 * 32;
    for (int i = 0; i < 4; ++i) {
      BitMatrix bits(bytes + 8 * i);
      bits.transpose();
      for (int k = 0; k < 4; ++k) planes.of[k].lane[l] |= bits.row(l % 2 * 4 + k) << 8 * i;
    }
  }
  return planes;
}
// Of 16 × 16 bytes, `stride` apart: lane i all nibbles of the i-th.
inline NibblePlanes planes_of_sixteens(const void* p, size_t stride) {
  NibblePlanes planes{};
  for (int l = 0; l < kLanes; ++l) {
    const auto* bytes = static_cast<const uint8_t*>(p) + l * stride;
    for (int i = 0; i < 4; ++i) {
      BitMatrix bits(bytes + i / 2 * 8);
      bits.transpose();
      for (int k = 0; k < 4; ++k) planes.of[k].lane[l] |= bits.row(i % 2 * 4 + k) << 8 * i;
    }
  }
  return planes;
}

// ---- masks
inline uint32_t bits(Mask m) { return m.set; }
inline Mask mask_from_bits(uint32_t set) { return {set & 0xFFFFU}; }
inline Mask first_lanes(int n) { return {(1U << n) - 1U}; }  // 0 ≤ n ≤ 16
inline int count(Mask m) { return __builtin_popcount(m.set); }
inline Mask operator&(Mask a, Mask b) { return {a.set & b.set}; }
inline Mask less(F32 a, F32 b) {  // false when unordered
  return each_bit([&](int l) { return a.lane[l] < b.lane[l]; });
}
inline Mask equal(F32 a, F32 b) {
  return each_bit([&](int l) { return a.lane[l] == b.lane[l]; });
}
inline Mask equal(I32 a, I32 b) {
  return each_bit([&](int l) { return a.lane[l] == b.lane[l]; });
}
inline F32 select(Mask m, F32 a, F32 b) {  // a where the bit is set, b elsewhere
  return each_lane<F32>([&](int l) { return (m.set >> l & 1U) != 0 ? a.lane[l] : b.lane[l]; });
}
inline F64 select(Mask m, F64 a, F64 b) {
  return each_lane<F64>([&](int l) { return (m.set >> l & 1U) != 0 ? a.lane[l] : b.lane[l]; });
}
inline I32 select(Mask m, I32 a, I32 b) {
  return each_lane<I32>([&](int l) { return (m.set >> l & 1U) != 0 ? a.lane[l] : b.lane[l]; });
}
inline I32 increment(I32 a, Mask m) {  // plus one where the bit is set
  return each_lane<I32>([&](int l) { return a.lane[l] + (m.set >> l & 1U); });
}

// ---- reductions, in one order everywhere: lane l with lane l + half, half = 8, 4, 2, 1
inline double sum(F64 a) {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) a.lane[l] += a.lane[l + half];
  }
  return a.lane[0];
}
inline uint32_t sum(I32 a) {
  uint32_t total = 0;
  for (const uint32_t x : a.lane) total += x;
  return total;
}
inline float lowest(F32 a) {  // of finite lanes; the sign of a zero is not defined
  float result = a.lane[0];
  for (int l = 1; l < kLanes; ++l) result = a.lane[l] < result ? a.lane[l] : result;
  return result;
}
inline float highest(F32 a) {
  float result = a.lane[0];
  for (int l = 1; l < kLanes; ++l) result = a.lane[l] > result ? a.lane[l] : result;
  return result;
}
inline double highest(F64 a) {
  double result = a.lane[0];
  for (int l = 1; l < kLanes; ++l) result = a.lane[l] > result ? a.lane[l] : result;
  return result;
}

}  // namespace
}  // namespace ggufscope
