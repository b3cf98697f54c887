// What the codes of sixteen sub-blocks, one in each lane, add up to, and the sums of their weights from that. A quad is
// four codes of each, a byte apiece:
//
//              lane 0: sub-block 0     lane 1: sub-block 1      …
//   quad 0    │ q0  q1  q2  q3        │ q0  q1  q2  q3         │
//   quad 1    │ q4  q5  q6  q7        │ q4  q5  q6  q7         │   Σq … Σq⁴ of a lane are dot products of its bytes:
//     …                                                            as words, where q² needs one, or as they are
#pragma once

#include "formats/format.h"
#include "statistics/tile.h"

namespace ggufscope {
namespace {

inline I32 in_every_byte(I32 code) { return code * broadcast(0x01010101); }

// Where a line crosses zero.
struct Crossing {
  I32 first_not_negative;  // the smallest code whose weight is not below zero, in every byte
  I32 nearest;             // the code whose weight is nearest to zero, in every byte
  F32 nearest_weight;
};

// Of lines that rise or are level. The quotient's last bit may be wrong, but not so the sign of the weight of the code
// next to it. A level line has a quotient of Inf or −Inf, whichever side of zero it is on, or NaN, if it is zero: max
// makes 0 of that. A step of −0, which stands for a level line, too, would turn the signs round, but −0 + 0 is 0.
inline Crossing crossing_of(const Line& line) {
  constexpr float kRounder = 12582912.0F;  // 1.5 · 2^23: numbers near it have no places after the point
  constexpr float kBeyondAllCodes = 100.0F;
  const F32 step = line.step + broadcast(0.0F);
  const F32 quotient = min(max(line.base / step, broadcast(0.0F)), broadcast(kBeyondAllCodes));
  const F32 rounded = quotient + broadcast(kRounder);
  const F32 weight = (rounded - broadcast(kRounder)) * line.step - line.base;
  const I32 code = as_i32(rounded) - as_i32(broadcast(kRounder));
  return {in_every_byte(increment(code, less(weight, broadcast(0.0F)))), in_every_byte(code), weight};
}

inline F64 unsigned_to_f64(I32 x) { return to_f64(x ^ broadcast(0x80000000U)) + broadcast(2147483648.0); }

// What the codes of each lane add up to. Bytes at even and odd places have sums of their own, so that additions wait
// less for one another, and so that of 32 fourth powers of ±127 sixteen fit in 32 bits.
class ByteSums {
 public:
  static constexpr int kOrigin = 0;  // powers are those of the distance from this code

  I32 sum() const { return sum_; }
  I32 squares() const { return squares_[0] + squares_[1]; }
  I32 cubes() const { return cubes_[0] + cubes_[1]; }
  F64 fourths() const { return unsigned_to_f64(fourths_[0]) + unsigned_to_f64(fourths_[1]); }
  static I32 magnitudes(I32 quad) { return abs_bytes(quad); }

 protected:
  void add_powers(I32 quad) {
    sum_ = add_bytes(sum_, quad);
    add_words<0>(even_bytes(quad));
    add_words<1>(odd_bytes(quad));
  }

 private:
  template <int Place>
  void add_words(I32 words) {
    const I32 squares = square_words(words);
    squares_[Place] = add_products(squares_[Place], words, words);
    cubes_[Place] = add_products(cubes_[Place], squares, words);
    fourths_[Place] = add_products(fourths_[Place], squares, squares);
  }
  I32 sum_ = broadcast(0);
  I32 squares_[2] = {broadcast(0), broadcast(0)};
  I32 cubes_[2] = {broadcast(0), broadcast(0)};
  I32 fourths_[2] = {broadcast(0), broadcast(0)};
};

// Of the codes 0 … 15 from one of them, in every piece of sixteen bytes.
struct Distances {
  uint8_t magnitudes[64] = {};
  uint8_t squares[64] = {};
  explicit constexpr Distances(int origin) {
    for (int i = 0; i < 64; ++i) {
      const int distance = i % 16 < origin ? origin - i % 16 : i % 16 - origin;
      magnitudes[i] = static_cast<uint8_t>(distance);
      squares[i] = static_cast<uint8_t>(distance * distance);
    }
  }
};
template <int Origin>
alignas(64) inline constexpr Distances kDistances{Origin};

// Of codes from 0 to 15: squares of the distance c from Origin come out of a table and fit in a byte, also as factors.
//
//   c²    Σ 1 · c²        c³    Σ q · c² − Origin · Σ c²        c⁴    Σ c² · c²
template <int Size, int Origin>
class NibbleSums {
 public:
  static constexpr int kOrigin = Origin;
  static_assert((15 - Origin) * (15 - Origin) < 128 && Origin * Origin < 128);

  I32 sum() const { return sum_ - broadcast(Size * Origin); }
  I32 squares() const { return squares_; }
  I32 cubes() const { return cubes_ - broadcast(Origin) * squares_; }
  F64 fourths() const { return to_f64(fourths_); }
  static I32 magnitudes(I32 quad) { return pick_bytes(load_i32(kDistances<Origin>.magnitudes), quad); }

 protected:
  void add_powers(I32 quad) {
    const I32 squares = pick_bytes(load_i32(kDistances<Origin>.squares), quad);
    sum_ = add_bytes(sum_, quad);
    squares_ = add_bytes(squares_, squares);
    cubes_ = add_byte_products(cubes_, quad, squares);
    fourths_ = add_byte_products(fourths_, squares, squares);
  }

 private:
  I32 sum_ = broadcast(0);
  I32 squares_ = broadcast(0);
  I32 cubes_ = broadcast(0);
  I32 fourths_ = broadcast(0);
};

// The smallest and the largest code of each lane.
class CodeEnds {
 public:
  void add(I32 quad) {
    low_ = min_bytes(low_, quad);
    high_ = max_bytes(high_, quad);
  }
  I32 lowest() const {
    return of_four_bytes(low_, [](I32 a, I32 b) { return min_bytes(a, b); });
  }
  I32 highest() const {
    return of_four_bytes(high_, [](I32 a, I32 b) { return max_bytes(a, b); });
  }

 private:
  template <class Choose>
  static I32 of_four_bytes(I32 bytes, Choose choose) {
    bytes = choose(bytes, shift_right<16>(bytes));
    bytes = choose(bytes, shift_right<8>(bytes));
    return ((bytes & broadcast(255)) ^ broadcast(128)) - broadcast(128);  // the first, its sign extended
  }

  I32 low_ = broadcast(0x7F7F7F7FU);
  I32 high_ = broadcast(0x80808080U);
};

struct LaneSums {  // of each lane's weights
  F64 total;       // Σw
  F64 squares;     // Σw²
  F64 cubes;       // Σw³
  F64 fourths;     // Σw⁴
  F64 magnitudes;  // Σ|w|
};

// w = step · (q − origin)
template <int Size, class Powers>
class CenteredSums : public Powers {
 public:
  explicit CenteredSums(const Line& line) : step_(line.step) {}

  void add(I32 quad) {
    const I32 magnitudes = Powers::magnitudes(quad);
    magnitude_ = add_bytes(magnitude_, magnitudes);
    not_zero_ = add_bytes(not_zero_, min_bytes(magnitudes, broadcast(0x01010101)));
    this->add_powers(quad);
  }

  // −128 has no absolute value: it counts as −128 in place of 1.
  bool has_minus_128() const { return bits(less(to_f32(not_zero_), broadcast(0.0F))) != 0; }
  [[gnu::always_inline]] LaneSums sums() const {
    const F64 step = to_f64(step_);
    const F64 square = step * step;
    return {step * to_f64(this->sum()), square * to_f64(this->squares()), square * step * to_f64(this->cubes()),
            square * square * this->fourths(), abs(step) * to_f64(magnitude_)};
  }
  // Zeros, which nearly always are the only weights below the threshold.
  Counted nearest_zero() const {
    const Mask level = equal(step_, broadcast(0.0F));
    return {broadcast(0.0F), select(level, broadcast(Size), broadcast(Size) - not_zero_)};
  }
  // Of all weights but those: they are a step away from zero or more.
  F32 others_beyond() const { return select(equal(step_, broadcast(0.0F)), broadcast(__builtin_inff()), abs(step_)); }

 private:
  F32 step_;
  I32 magnitude_ = broadcast(0);
  I32 not_zero_ = broadcast(0);
};

// The codes of a line, as quads show them.
template <int Size, class Powers>
class QuadCodes : public Powers {
 public:
  explicit QuadCodes(const Crossing& crossing) : crossing_(crossing) {}

  // Zeros are counted whether there are any or not: a branch that finds some in every fourth group, as random minima
  // have it, costs more.
  void add(I32 quad) {
    const ByteMask negative = less_bytes(quad, crossing_.first_not_negative);
    negative_ = add_bytes(negative_, only_bytes(negative, quad));
    negative_counts_ = increment_bytes(negative_counts_, negative);
    nearest_counts_ = increment_bytes(nearest_counts_, equal_bytes(quad, crossing_.nearest));
    this->add_powers(quad);
  }
  // The sum of codes that are below zero, how many those are, and how many are nearest to zero.
  I32 negative() const { return negative_; }
  I32 negative_count() const { return add_bytes(broadcast(0), negative_counts_); }
  I32 nearest_count() const { return add_bytes(broadcast(0), nearest_counts_); }

 private:
  static_assert(Size / 4 < 128, "counts of quads fit in a byte");

  Crossing crossing_;
  I32 negative_ = broadcast(0);
  I32 negative_counts_ = broadcast(0);  // by byte of a quad
  I32 nearest_counts_ = broadcast(0);
};

// How often the codes 0 … 15 occur in each lane: code 4f + k in byte k of word f.
struct PackedCounts {
  I32 of[4];
};

// For each of those bytes its code q, and powers of its distance c from Origin. Those beyond a byte are in two parts:
// c³ = 4 · high + low, c⁴ = 64 · high + low.
template <int Origin>
struct CountFactors {
  int8_t codes[4][64] = {};
  int8_t distances[4][64] = {};
  int8_t squares[4][64] = {};
  int8_t cubes_high[4][64] = {};
  int8_t cubes_low[4][64] = {};
  int8_t fourths_high[4][64] = {};
  int8_t fourths_low[4][64] = {};
  constexpr CountFactors() {
    for (int i = 0; i < 256; ++i) {
      const int q = i / 64 * 4 + i % 4;
      const int c = q - Origin;
      const int cube = c * c * c;
      const int fourth = cube * c;
      codes[i / 64][i % 64] = static_cast<int8_t>(q);
      distances[i / 64][i % 64] = static_cast<int8_t>(c);
      squares[i / 64][i % 64] = static_cast<int8_t>(c * c);
      cubes_high[i / 64][i % 64] = static_cast<int8_t>(cube >> 2);
      cubes_low[i / 64][i % 64] = static_cast<int8_t>(cube & 3);
      fourths_high[i / 64][i % 64] = static_cast<int8_t>(fourth >> 6);
      fourths_low[i / 64][i % 64] = static_cast<int8_t>(fourth & 63);
    }
  }
};
template <int Origin>
alignas(64) inline constexpr CountFactors<Origin> kCountFactors{};

// The codes of a line, from their counts: the same integers as those of the quads.
template <int Origin>
class CountedLineCodes {
 public:
  static constexpr int kOrigin = Origin;
  static_assert(Origin == 8, "factors fit in a byte");

  CountedLineCodes(const Crossing& crossing, const PackedCounts& counts) {
    const auto& factors = kCountFactors<Origin>;
    I32 nearest = broadcast(0);
#pragma GCC unroll 4
    for (int four = 0; four < 4; ++four) {
      const I32 n = counts.of[four];
      const I32 codes = load_i32(factors.codes[four]);
      const I32 negative = only_bytes(less_bytes(codes, crossing.first_not_negative), n);
      sum_ = add_byte_products(sum_, n, load_i32(factors.distances[four]));
      squares_ = add_byte_products(squares_, n, load_i32(factors.squares[four]));
      cubes_high_ = add_byte_products(cubes_high_, n, load_i32(factors.cubes_high[four]));
      cubes_low_ = add_byte_products(cubes_low_, n, load_i32(factors.cubes_low[four]));
      fourths_high_ = add_byte_products(fourths_high_, n, load_i32(factors.fourths_high[four]));
      fourths_low_ = add_byte_products(fourths_low_, n, load_i32(factors.fourths_low[four]));
      negative_ = add_byte_products(negative_, negative, codes);
      negative_count_ = add_bytes(negative_count_, negative);
      nearest = nearest | only_bytes(equal_bytes(codes, crossing.nearest), n);
    }
    nearest_count_ = add_bytes(broadcast(0), nearest);
  }
  I32 sum() const { return sum_; }
  I32 squares() const { return squares_; }
  I32 cubes() const { return shift_left<2>(cubes_high_) + cubes_low_; }
  F64 fourths() const { return to_f64(shift_left<6>(fourths_high_) + fourths_low_); }
  I32 negative() const { return negative_; }
  I32 negative_count() const { return negative_count_; }
  I32 nearest_count() const { return nearest_count_; }

 private:
  I32 sum_ = broadcast(0);
  I32 squares_ = broadcast(0);
  I32 cubes_high_ = broadcast(0);
  I32 cubes_low_ = broadcast(0);
  I32 fourths_high_ = broadcast(0);
  I32 fourths_low_ = broadcast(0);
  I32 negative_ = broadcast(0);
  I32 negative_count_ = broadcast(0);
  I32 nearest_count_ = broadcast(0);
};

// w = step · q − base, step ≥ 0
template <int Size, class Codes>
class LineSums {
 public:
  template <class... Counts>
  explicit LineSums(const Line& line, const Counts&... counts)
      : line_(line), crossing_(crossing_of(line)), codes_(crossing_, counts...) {}

  void add(I32 quad) { codes_.add(quad); }

  // Powers of the deviations from the lane's mean first, where nothing cancels: they are exact up to 2^53. So are the
  // mean itself, which is a multiple of a 32nd of a weight's last place, and the sum of weights below zero.
  [[gnu::always_inline]] LaneSums sums() const {
    const F64 q1 = to_f64(codes_.sum());
    const F64 q2 = to_f64(codes_.squares());
    const F64 q3 = to_f64(codes_.cubes());
    const F64 minus_q = broadcast(-1.0 / Size) * q1;
    const F64 c2 = exact_multiply_add(minus_q, q1, q2);
    const F64 both = q2 + c2;  // q2 + 2 c2 is 3 q2 − 2 q q1, and 3 (q2 + c2) is 6 q2 − 3 q q1
    const F64 c3 = exact_multiply_add(minus_q, both + c2, q3);
    const F64 slope_of_c4 = exact_multiply_add(minus_q, broadcast(3.0) * both, broadcast(4.0) * q3);
    const F64 c4 = exact_multiply_add(minus_q, slope_of_c4, codes_.fourths());

    const F64 step = to_f64(line_.step);
    const F64 first = to_f64(broadcast(0.0F) - line_.base);  // weight of code 0
    const F64 square = step * step;
    const F64 mean = exact_multiply_add(step, broadcast(static_cast<double>(Codes::kOrigin)) - minus_q, first);
    const F64 m2 = square * c2;
    const F64 m3 = square * step * c3;
    const F64 one = broadcast(static_cast<double>(Size)) * mean;
    const F64 of_means = one * mean;
    const F64 thrice_m2 = broadcast(3.0) * m2;
    const F64 slope = thrice_m2 + of_means;
    const F64 negative = exact_multiply_add(step, to_f64(codes_.negative()), first * to_f64(codes_.negative_count()));
    return {one, m2 + of_means, m3 + mean * slope,
            square * square * c4 + mean * (broadcast(4.0) * m3 + mean * (slope + thrice_m2)),
            exact_multiply_add(broadcast(-2.0), negative, one)};
  }
  // All weights of a level line are the same.
  Counted nearest_zero() const {
    return {crossing_.nearest_weight, select(is_level(), broadcast(Size), codes_.nearest_count())};
  }
  // At most the weights of one code are nearer to zero than half a step.
  F32 others_beyond() const { return select(is_level(), broadcast(__builtin_inff()), broadcast(0.5F) * line_.step); }

 private:
  Mask is_level() const { return equal(line_.step, broadcast(0.0F)); }

  Line line_;
  Crossing crossing_;
  Codes codes_;
};

}  // namespace
}  // namespace ggufscope
