// What the codes of sixteen sub-blocks, one in each lane, add up to, and the sums of their weights from that. A quad is
// four codes of each, a byte apiece:
//
//              lane 0: sub-block 0     lane 1: sub-block 1      …
//   quad 0    │ q0  q1  q2  q3        │ q0  q1  q2  q3         │
//   quad 1    │ q4  q5  q6  q7        │ q4  q5  q6  q7         │   Σq … Σq⁴ of a lane are dot products of its bytes,
//     …                                                            as words: q and q² fit in one
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

// Of lines that rise. The quotient's last bit may be wrong, but not so the sign of the weight of the code next to it.
inline Crossing crossing_of(const Line& line) {
  constexpr float kRounder = 12582912.0F;  // 1.5 · 2^23: numbers near it have no places after the point
  constexpr float kBeyondAllCodes = 100.0F;
  const F32 quotient = min(max(line.base / line.step, broadcast(0.0F)), broadcast(kBeyondAllCodes));
  const F32 rounded = quotient + broadcast(kRounder);
  const F32 weight = (rounded - broadcast(kRounder)) * line.step - line.base;
  const I32 code = as_i32(rounded) - as_i32(broadcast(kRounder));
  return {in_every_byte(increment(code, less(weight, broadcast(0.0F)))), in_every_byte(code), weight};
}

inline F64 unsigned_to_f64(I32 x) { return to_f64(x ^ broadcast(0x80000000U)) + broadcast(2147483648.0); }

// What the codes of each lane add up to. Bytes at even and odd places have sums of their own, so that additions wait
// less for one another, and so that of 32 fourth powers of ±127 sixteen fit in 32 bits.
class CodeSums {
 public:
  I32 one() const { return one_; }
  I32 two() const { return two_[0] + two_[1]; }
  I32 three() const { return three_[0] + three_[1]; }
  F64 four() const { return unsigned_to_f64(four_[0]) + unsigned_to_f64(four_[1]); }
  I32 lowest() const {
    return of_four_bytes(low_, [](I32 a, I32 b) { return min_bytes(a, b); });
  }
  I32 highest() const {
    return of_four_bytes(high_, [](I32 a, I32 b) { return max_bytes(a, b); });
  }

 protected:
  void add_codes(I32 quad) {
    one_ = add_bytes(one_, quad);
    low_ = min_bytes(low_, quad);
    high_ = max_bytes(high_, quad);
    add_powers<0>(even_bytes(quad));
    add_powers<1>(odd_bytes(quad));
  }

 private:
  template <int Place>
  void add_powers(I32 words) {
    const I32 squares = square_words(words);
    two_[Place] = add_products(two_[Place], words, words);
    three_[Place] = add_products(three_[Place], squares, words);
    four_[Place] = add_products(four_[Place], squares, squares);
  }
  template <class Choose>
  static I32 of_four_bytes(I32 bytes, Choose choose) {
    bytes = choose(bytes, shift_right<16>(bytes));
    bytes = choose(bytes, shift_right<8>(bytes));
    return ((bytes & broadcast(255)) ^ broadcast(128)) - broadcast(128);  // the first, its sign extended
  }

  I32 one_ = broadcast(0);
  I32 two_[2] = {broadcast(0), broadcast(0)};
  I32 three_[2] = {broadcast(0), broadcast(0)};
  I32 four_[2] = {broadcast(0), broadcast(0)};
  I32 low_ = broadcast(0x7F7F7F7FU);
  I32 high_ = broadcast(0x80808080U);
};

struct LaneSums {  // Σw … Σw⁴ and Σ|w| of each lane
  F64 one;
  F64 two;
  F64 three;
  F64 four;
  F64 magnitude;
};

// w = step · q
template <int Size>
class CenteredSums : public CodeSums {
 public:
  explicit CenteredSums(const Line& line) : step_(line.step) {}

  void add(I32 quad) {
    const I32 magnitudes = abs_bytes(quad);
    magnitude_ = add_bytes(magnitude_, magnitudes);
    not_zero_ = add_bytes(not_zero_, min_bytes(magnitudes, broadcast(0x01010101)));
    add_codes(quad);
  }

  LaneSums sums() const {
    const F64 step = to_f64(step_);
    const F64 square = step * step;
    return {step * to_f64(one()), square * to_f64(two()), square * step * to_f64(three()), square * square * four(),
            abs(step) * to_f64(magnitude_)};
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

// w = step · q − base, step > 0
template <int Size>
class LineSums : public CodeSums {
 public:
  explicit LineSums(const Line& line) : line_(line), crossing_(crossing_of(line)) {}

  void add(I32 quad) {
    const I32 negative = less_bytes(quad, crossing_.first_not_negative);
    negative_ = add_bytes(negative_, negative & quad);
    minus_negative_count_ = add_bytes(minus_negative_count_, negative);
    minus_nearest_count_ = add_bytes(minus_nearest_count_, equal_bytes(quad, crossing_.nearest));
    add_codes(quad);
  }

  // Powers of the deviations from the lane's mean first, where nothing cancels: they are exact up to 2^53.
  LaneSums sums() const {
    const F64 q1 = to_f64(one());
    const F64 q2 = to_f64(two());
    const F64 q3 = to_f64(three());
    const F64 q = broadcast(1.0 / Size) * q1;
    const F64 c2 = q2 - q * q1;
    const F64 c3 = q3 - q * (broadcast(3.0) * q2 - broadcast(2.0) * q * q1);
    const F64 c4 = four() - q * (broadcast(4.0) * q3 - q * (broadcast(6.0) * q2 - broadcast(3.0) * q * q1));

    const F64 step = to_f64(line_.step);
    const F64 base = to_f64(line_.base);
    const F64 square = step * step;
    const F64 mean = step * q - base;
    const F64 m2 = square * c2;
    const F64 m3 = square * step * c3;
    const F64 one = broadcast(static_cast<double>(Size)) * mean;
    const F64 of_means = one * mean;
    const F64 negative = step * to_f64(negative_) + base * to_f64(minus_negative_count_);
    return {one, m2 + of_means, m3 + mean * (broadcast(3.0) * m2 + of_means),
            square * square * c4 + mean * (broadcast(4.0) * m3 + mean * (broadcast(6.0) * m2 + of_means)),
            one - broadcast(2.0) * negative};
  }
  Counted nearest_zero() const { return {crossing_.nearest_weight, broadcast(0) - minus_nearest_count_}; }
  // At most the weights of one code are nearer to zero than half a step.
  F32 others_beyond() const { return broadcast(0.5F) * line_.step; }

 private:
  Line line_;
  Crossing crossing_;
  I32 negative_ = broadcast(0);
  I32 minus_negative_count_ = broadcast(0);
  I32 minus_nearest_count_ = broadcast(0);
};

}  // namespace
}  // namespace ggufscope
