// Runs every word of the 16-lane vocabulary over fixed inputs and prints one line per word: its signature, a tab and
// a hash of all results, NaN counted as one value. Built once per instruction set; test_lanes.py compares the output
// with that of the generic build, which is the definition. No Python, so a cross-compiled build runs under an emulator.
#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>

#include "selftest.h"
#include "simd/lanes.h"

namespace ggufscope {
namespace {

class Hash : public Digest {
 public:
  using Digest::add;
  void add(uint32_t x) { add_bits(x); }
  void add(int x) { add_bits(static_cast<uint32_t>(x)); }
  void add(Mask m) { add_bits(bits(m)); }
  void add(F32 x) {
    float lanes[kLanes];
    store(lanes, x);
    for (const float lane : lanes) add(lane);
  }
  void add(F64 x) {
    double lanes[kLanes];
    store(lanes, x);
    for (const double lane : lanes) add(lane);
  }
  void add(I32 x) {
    uint32_t lanes[kLanes];
    store_i32(lanes, x);
    for (const uint32_t lane : lanes) add(lane);
  }
};

// Operands: every special value against every other, then random ones; a whole number of vectors.
template <class T>
struct Operands {
  std::vector<T> left, right;
};

constexpr size_t kRandomNumbers = 4096;

template <class T, class Draw>
Operands<T> operands(const std::vector<T>& special, Draw draw) {
  Operands<T> made;
  for (const T left : special) {
    for (const T right : special) {
      made.left.push_back(left);
      made.right.push_back(right);
    }
  }
  while (made.left.size() % kLanes != 0 || made.left.size() < special.size() * special.size() + kRandomNumbers) {
    made.left.push_back(draw());
    made.right.push_back(draw());
  }
  return made;
}

// Zeros, ones, neighbours of one, the ends of the range, denormals, Inf, NaN; all with both signs.
template <class T>
std::vector<T> special_numbers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values;
  for (const T x : {T{0}, T{1}, T{1} + Limits::epsilon(), T{1} - Limits::epsilon() / 2, T{0.5}, T{1.5}, T{2.5}, T{3},
                    Limits::min(), Limits::min() * T{0.75}, Limits::denorm_min(), Limits::max(), Limits::max() * T{0.5},
                    Limits::infinity(), Limits::quiet_NaN()}) {
    values.push_back(x);
    values.push_back(-x);
  }
  return values;
}

Operands<float> float_operands(Random& random) {
  return operands(special_numbers<float>(),
                  [&] { return __builtin_bit_cast(float, static_cast<uint32_t>(random.next())); });
}

// Finite and within a few powers of two of each other, so that sums round and their order shows.
double moderate(Random& random) {
  return __builtin_bit_cast(double, (random.next() & 0x800FFFFFFFFFFFFFU) | (1020 + random.next() % 8) << 52);
}

Operands<double> double_operands(Random& random) {
  return operands(special_numbers<double>(), [&] { return moderate(random); });
}

// What does not fit in a float32: ties at its last bit to even and to odd, ties among its denormals, the overflow edge.
std::vector<double> doubles_to_round(Random& random) {
  std::vector<double> values = special_numbers<double>();
  for (const double x : {1 + 0x1p-24, 1 + 0x3p-24, 1 + 0x1p-24 + 0x1p-52, 0x1p-150, 0x3p-150, 0x1.8p-149, 0x1p-149,
                         0x1.FFFFFFp127, 0x1.FFFFFEFFFFFFFp127, 0x1p128, 0x1p-126 - 0x1p-150}) {
    values.push_back(x);
    values.push_back(-x);
  }
  while (values.size() % kLanes != 0 || values.size() < kRandomNumbers) {
    const uint64_t exponent = 1023 - 155 + random.next() % 290;  // denormal results up to overflow
    values.push_back(__builtin_bit_cast(double, (random.next() & 0x800FFFFFFFFFFFFFU) | exponent << 52));
  }
  return values;
}

Operands<uint32_t> integer_operands(Random& random) {
  // 2^24 + 1 and 2^24 + 3 lie halfway between float32 numbers.
  const std::vector<uint32_t> special = {
      0,      1,         2,         7,          8,          15,         16,         0xFF,       0x7FFF,     0x8000,
      0xFFFF, 0x1000001, 0x1000003, 0xFEFFFFFF, 0x7FFFFF80, 0x7FFFFFBF, 0x7FFFFFC0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  return operands(special, [&] { return static_cast<uint32_t>(random.next()); });
}

struct Inputs {
  Random random;
  Operands<float> floats = float_operands(random);
  Operands<double> doubles = double_operands(random);
  Operands<uint32_t> integers = integer_operands(random);
  std::vector<double> wide = doubles_to_round(random);
};

F32 vector_at(const float* p) { return load(p); }
F64 vector_at(const double* p) { return load(p); }
I32 vector_at(const uint32_t* p) { return load_i32(p); }

void report(const char* signature, const Hash& hash) {
  std::printf("%s\t%016llx\n", signature, static_cast<unsigned long long>(hash.value()));
}

template <class T, class Word>
void unary(const char* signature, const std::vector<T>& values, Word word) {
  Hash hash;
  for (size_t i = 0; i < values.size(); i += kLanes) hash.add(word(vector_at(&values[i])));
  report(signature, hash);
}

template <class T, class Word>
void binary(const char* signature, const Operands<T>& values, Word word) {
  Hash hash;
  for (size_t i = 0; i < values.left.size(); i += kLanes) {
    hash.add(word(vector_at(&values.left[i]), vector_at(&values.right[i])));
  }
  report(signature, hash);
}

// A word that reads memory: at every alignment.
template <class Word>
void reading(const char* signature, Random& random, Word word) {
  std::vector<unsigned char> bytes(1024);
  for (auto& byte : bytes) byte = static_cast<unsigned char>(random.next());
  Hash hash;
  for (size_t i = 0; i < 512; ++i) hash.add(word(&bytes[i]));
  report(signature, hash);
}

template <class T, class Word>
void over(const char* signature, const std::vector<T>& values, Word word) {
  Hash hash;
  for (const T value : values) hash.add(word(value));
  report(signature, hash);
}

void loads_and_stores(Inputs& in) {
  unary("load(const float*)", in.floats.left, [](F32 x) { return x; });
  unary("load(const double*)", in.doubles.left, [](F64 x) { return x; });
  unary("store(float*, F32)", in.floats.right, [](F32 x) { return x; });
  unary("store(double*, F64)", in.doubles.right, [](F64 x) { return x; });
  unary("stream(float*, F32)", in.floats.right, [](F32 x) {
    alignas(64) float streamed[kLanes];
    stream(streamed, x);
    end_stream();
    return load(streamed);
  });
  over("end_stream()", std::vector<int>{0}, [](int) {
    end_stream();
    return iota();
  });
  unary("store_i32(void*, I32)", in.integers.right, [](I32 x) { return x; });
  unary("store_u16(void*, I32)", in.integers.right, [](I32 x) {
    uint16_t stored[kLanes];
    store_u16(stored, x);
    return load_u16(stored);
  });
  using Bytes = const unsigned char*;
  reading("load_i32(const void*)", in.random, [](Bytes p) { return load_i32(p); });
  reading("load_u8(const void*)", in.random, [](Bytes p) { return load_u8(p); });
  reading("load_i8(const void*)", in.random, [](Bytes p) { return load_i8(p); });
  reading("load_u16(const void*)", in.random, [](Bytes p) { return load_u16(p); });
  reading("load_i16(const void*)", in.random, [](Bytes p) { return load_i16(p); });
  reading("load_u8(const void*, const void*)", in.random, [](Bytes p) { return load_u8(p, p + 77); });
  reading("load_i8(const void*, const void*)", in.random, [](Bytes p) { return load_i8(p, p + 77); });
  reading("load_u8(const void*, const void*, const void*, const void*)", in.random,
          [](Bytes p) { return load_u8(p, p + 77, p + 30, p + 201); });
}

void constants(const Inputs& in) {
  over("broadcast(float)", in.floats.left, [](float x) { return broadcast(x); });
  over("broadcast(double)", in.doubles.left, [](double x) { return broadcast(x); });
  over("broadcast(int32_t)", in.integers.left, [](uint32_t x) { return broadcast(static_cast<int32_t>(x)); });
  over("broadcast(uint32_t)", in.integers.left, [](uint32_t x) { return broadcast(x); });
  over("iota()", std::vector<int>{0}, [](int) { return iota(); });
}

void integers(const Inputs& in) {
  binary("operator+(I32, I32)", in.integers, [](I32 a, I32 b) { return a + b; });
  binary("operator-(I32, I32)", in.integers, [](I32 a, I32 b) { return a - b; });
  binary("operator*(I32, I32)", in.integers, [](I32 a, I32 b) { return a * b; });
  binary("operator&(I32, I32)", in.integers, [](I32 a, I32 b) { return a & b; });
  binary("operator|(I32, I32)", in.integers, [](I32 a, I32 b) { return a | b; });
  binary("operator^(I32, I32)", in.integers, [](I32 a, I32 b) { return a ^ b; });
  unary("shift_left(I32)", in.integers.left, [](I32 a) {
    return shift_left<0>(a) + shift_left<1>(a) * broadcast(3) + shift_left<16>(a) * broadcast(5) +
           shift_left<31>(a) * broadcast(7);
  });
  unary("shift_right(I32)", in.integers.left, [](I32 a) {
    return shift_right<0>(a) + shift_right<1>(a) * broadcast(3) + shift_right<16>(a) * broadcast(5) +
           shift_right<31>(a) * broadcast(7);
  });
  unary("popcount(I32)", in.integers.left, [](I32 a) { return popcount(a); });
  binary("shift_right(I32, I32)", in.integers, [](I32 a, I32 by) { return shift_right(a, by & broadcast(31)); });
}

void numbers(const Inputs& in) {
  binary("operator+(F32, F32)", in.floats, [](F32 a, F32 b) { return a + b; });
  binary("operator-(F32, F32)", in.floats, [](F32 a, F32 b) { return a - b; });
  binary("operator*(F32, F32)", in.floats, [](F32 a, F32 b) { return a * b; });
  unary("abs(F32)", in.floats.left, [](F32 a) { return abs(a); });
  binary("operator/(F32, F32)", in.floats, [](F32 a, F32 b) { return a / b; });
  binary("multiply_add(F32, F32, F32)", in.floats, [](F32 a, F32 b) { return multiply_add(a, b, b - a); });
  binary("min(F32, F32)", in.floats, [](F32 a, F32 b) { return min(a, b); });
  binary("max(F32, F32)", in.floats, [](F32 a, F32 b) { return max(a, b); });
  binary("operator+(F64, F64)", in.doubles, [](F64 a, F64 b) { return a + b; });
  binary("operator-(F64, F64)", in.doubles, [](F64 a, F64 b) { return a - b; });
  binary("operator*(F64, F64)", in.doubles, [](F64 a, F64 b) { return a * b; });
  unary("abs(F64)", in.doubles.left, [](F64 a) { return abs(a); });
  binary("max(F64, F64)", in.doubles, [](F64 a, F64 b) { return max(a, b); });
}

void conversions(const Inputs& in) {
  std::vector<uint32_t> halves(0x10000);  // each one; the high bits must not matter
  for (uint32_t i = 0; i < halves.size(); ++i) halves[i] = i | in.integers.left[i % in.integers.left.size()] << 16;
  over("half_to_float(uint16_t)", halves, [](uint32_t half) { return half_to_float(static_cast<uint16_t>(half)); });
  unary("half_to_f32(I32)", halves, [](I32 a) { return half_to_f32(a); });
  unary("to_f32(I32)", in.integers.left, [](I32 a) { return to_f32(a); });
  unary("to_f32(F64)", in.wide, [](F64 a) { return to_f32(a); });
  unary("to_f64(F32)", in.floats.left, [](F32 a) { return to_f64(a); });
  unary("to_f64(I32)", in.integers.left, [](I32 a) { return to_f64(a); });
  binary("exact_multiply_add(F64, F64, F64)", in.integers, [](I32 a, I32 b) {
    return exact_multiply_add(to_f64(shift_right<8>(a)), to_f64(shift_right<8>(b)), to_f64(a));
  });
  unary("as_f32(I32)", in.integers.left, [](I32 a) { return as_f32(a); });
  unary("as_i32(F32)", in.floats.left, [](F32 a) { return select(equal(a, a), as_i32(a), broadcast(0)); });
  binary("pick(F32, I32)", in.integers, [](I32 a, I32 index) { return pick(to_f32(a), index); });
  binary("pick(I32, I32)", in.integers, [](I32 a, I32 index) { return pick(a, index); });
}

// How often each code occurs in each lane: the order of the bits in a plane is free.
I32 counts_of(const NibblePlanes& planes) {
  I32 result = broadcast(0);
  for (uint32_t code = 0; code < 16; ++code) {
    I32 equal_bits = broadcast(0xFFFFFFFFU);
    for (uint32_t k = 0; k < 4; ++k) {
      equal_bits = equal_bits & (planes.of[k] ^ broadcast((code >> k & 1U) != 0 ? 0U : 0xFFFFFFFFU));
    }
    result = result * broadcast(37) + popcount(equal_bits);
  }
  return result;
}

void planes(Inputs& in) {
  using Bytes = const unsigned char*;
  reading("planes_of_pairs(const void*, const void*)", in.random,
          [](Bytes p) { return counts_of(planes_of_pairs(p, p + 147)); });
  reading("planes_of_sixteens(const void*, size_t)", in.random,
          [](Bytes p) { return counts_of(planes_of_sixteens(p, 18)); });
}

void bytes_and_words(Inputs& in) {
  unary("even_bytes(I32)", in.integers.left, [](I32 a) { return even_bytes(a); });
  unary("odd_bytes(I32)", in.integers.left, [](I32 a) { return odd_bytes(a); });
  unary("square_words(I32)", in.integers.left, [](I32 a) { return square_words(a); });
  binary("add_products(I32, I32, I32)", in.integers, [](I32 a, I32 b) { return add_products(a ^ b, a, b); });
  binary("add_bytes(I32, I32)", in.integers, [](I32 a, I32 b) { return add_bytes(a, b); });
  binary("add_byte_products(I32, I32, I32)", in.integers,
         [](I32 a, I32 b) { return add_byte_products(a ^ b, a & broadcast(0x7F7F7F7F), b); });
  binary("pick_bytes(I32, I32)", in.integers, [](I32 a, I32 b) { return pick_bytes(a, b & broadcast(0x0F0F0F0F)); });
  binary("min_bytes(I32, I32)", in.integers, [](I32 a, I32 b) { return min_bytes(a, b); });
  binary("max_bytes(I32, I32)", in.integers, [](I32 a, I32 b) { return max_bytes(a, b); });
  const I32 every_bit = broadcast(0xFFFFFFFFU);
  binary("less_bytes(I32, I32)", in.integers, [&](I32 a, I32 b) { return only_bytes(less_bytes(a, b), every_bit); });
  binary("equal_bytes(I32, I32)", in.integers, [&](I32 a, I32 b) { return only_bytes(equal_bytes(a, b), every_bit); });
  binary("only_bytes(ByteMask, I32)", in.integers, [](I32 a, I32 b) { return only_bytes(less_bytes(a, b), a); });
  binary("increment_bytes(I32, ByteMask)", in.integers,
         [](I32 a, I32 b) { return increment_bytes(a, less_bytes(a, b)); });
  unary("abs_bytes(I32)", in.integers.left, [](I32 a) { return abs_bytes(a); });
  binary("even_pieces(I32, I32)", in.integers, [](I32 a, I32 b) { return even_pieces(a, b); });
  binary("odd_pieces(I32, I32)", in.integers, [](I32 a, I32 b) { return odd_pieces(a, b); });
  const auto mixed = [](const Quads& quads) {
    return quads.of[0] + quads.of[1] * broadcast(3) + quads.of[2] * broadcast(5) + quads.of[3] * broadcast(7);
  };
  binary("transposed(const Quads&)", in.integers,
         [&](I32 a, I32 b) { return mixed(transposed({{a, b, a ^ b, a + b}})); });
  using Bytes = const unsigned char*;
  reading("quads_of(const void*, size_t)", in.random, [&](Bytes p) { return mixed(quads_of(p, 29)); });
}

std::vector<uint32_t> every_mask() {
  std::vector<uint32_t> masks(0x10000);
  for (uint32_t i = 0; i < masks.size(); ++i) masks[i] = i | i << 16;
  return masks;
}

void masks(const Inputs& in) {
  const auto every = every_mask();
  over("bits(Mask)", every, [](uint32_t set) { return bits(mask_from_bits(set)); });
  over("mask_from_bits(uint32_t)", every,
       [](uint32_t set) { return select(mask_from_bits(set), broadcast(1), broadcast(0)); });
  over("first_lanes(int)", std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
       [](int n) { return first_lanes(n); });
  over("count(Mask)", every, [](uint32_t set) { return count(mask_from_bits(set)); });
  binary("operator&(Mask, Mask)", in.floats, [](F32 a, F32 b) { return less(a, b) & less(broadcast(0.0F), b); });
  binary("less(F32, F32)", in.floats, [](F32 a, F32 b) { return less(a, b); });
  binary("equal(F32, F32)", in.floats, [](F32 a, F32 b) { return equal(a, b); });
  binary("equal(I32, I32)", in.integers, [](I32 a, I32 b) { return equal(a, b); });
  binary("select(Mask, F32, F32)", in.floats, [](F32 a, F32 b) { return select(less(a, b), a, b); });
  binary("select(Mask, F64, F64)", in.doubles, [](F64 a, F64 b) { return select(less(to_f32(a), to_f32(b)), a, b); });
  binary("select(Mask, I32, I32)", in.integers, [](I32 a, I32 b) { return select(less(to_f32(a), to_f32(b)), a, b); });
  binary("increment(I32, Mask)", in.integers, [](I32 a, I32 b) { return increment(a, less(to_f32(a), to_f32(b))); });
}

void reductions(Inputs& in) {
  unary("sum(F64)", in.doubles.left, [](F64 a) { return sum(a); });
  unary("sum(I32)", in.integers.left, [](I32 a) { return sum(a); });
  std::vector<float> finite(kRandomNumbers);  // no zeros: their sign is free
  for (auto& x : finite) x = static_cast<float>(moderate(in.random));
  unary("lowest(F32)", finite, [](F32 a) { return lowest(a); });
  unary("highest(F32)", finite, [](F32 a) { return highest(a); });
  std::vector<double> wide(kRandomNumbers);
  for (auto& x : wide) x = moderate(in.random);
  unary("highest(F64)", wide, [](F64 a) { return highest(a); });
}

}  // namespace
}  // namespace ggufscope

int main() {
  ggufscope::Inputs inputs;
  ggufscope::loads_and_stores(inputs);
  ggufscope::constants(inputs);
  ggufscope::integers(inputs);
  ggufscope::numbers(inputs);
  ggufscope::conversions(inputs);
  ggufscope::planes(inputs);
  ggufscope::bytes_and_words(inputs);
  ggufscope::masks(inputs);
  ggufscope::reductions(inputs);
}
