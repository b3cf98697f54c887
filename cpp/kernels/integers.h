// Statistics of values from integers: weights w = step · q − base, where sixteen or 32 neighbours, a sub-block, share
// step and base, and q is a byte. Weights need not be decoded, let alone be converted to float64.
//
// Sixteen sub-blocks, a group, are worked on at once, one in each lane; a quad is four codes of each, a byte apiece:
//
//              lane 0: sub-block 0     lane 1: sub-block 1      …
//   quad 0    │ q0  q1  q2  q3        │ q0  q1  q2  q3         │
//   quad 1    │ q4  q5  q6  q7        │ q4  q5  q6  q7         │   Σq … Σq⁴ of a lane are dot products of its bytes,
//     …                                                            as words: q and q² fit in one
//
// Where nothing rounds, step · q − base is each weight exactly, so that its sign follows from comparing q with the code
// at which the line crosses zero, Σ|w| from the codes below that, and zeros are the weights of one code. Groups where
// something may round are left to the observers of tiles.
#pragma once

#include "formats/format.h"
#include "kernels/kernels.h"

namespace ggufscope {
namespace {

static_assert(__is_same(Values, Collection<Counts, Extremes, Moments>),
              "IntegerValues feeds these statistics of values: a new one needs a place there");

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

template <class Format>
struct SubBlocks {
  int32_t of_lane[kLanes];
  constexpr SubBlocks() : of_lane() {
    for (int lane = 0; lane < kLanes; ++lane) of_lane[lane] = Format::sub_block_of(lane);
  }
};

// Sixteen at a time, of a group.
template <class Format, class Visit>
void each_weight(const typename Format::Block* group, Visit visit) {
  alignas(64) float weights[Format::elements];
  for (int b = 0; b < Format::blocks_per_group; ++b) {
    Format::decode(group[b], weights);
    for (int i = 0; i < Format::elements; i += kLanes) visit(load(weights + i));
  }
}

inline F64 unsigned_to_f64(I32 x) { return to_f64(x ^ broadcast(0x80000000U)) + broadcast(2147483648.0); }

// Formats whose lines all cross zero at the same code, which is then q = 0: the base is 0. Steps may be negative, or 0.
template <class Format>
concept IsCentered = requires { Format::center; };

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
  void add(I32 quad) {
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
    CodeSums::add(quad);
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
    CodeSums::add(quad);
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

// The observers of values and scales, for the groups of one run.
template <class Format>
class IntegerValues {
 public:
  using Block = typename Format::Block;
  static constexpr int kSize = Format::sub_block;
  static constexpr int kElements = kSize * kLanes;

  explicit IntegerValues(const FusedRun& run) : run_(run), counts_(run.sparsity_threshold) {}

  // False, and nothing is added, where weights are not what the line says. squares: Σw² of each lane, in the order of
  // quads.
  bool observe(const Block* group, const Line& of_sub_blocks, F64& squares) {
    if (!is_exact(group, of_sub_blocks)) return false;
    const Line line = in_order_of_quads(of_sub_blocks);
    Sums sums(line);
    Format::each_quad(group, [&](I32 quad) { sums.add(quad); });
    const I32 lowest = sums.lowest();
    if (Format::lowest_code < 0 && bits(equal(lowest, broadcast(-128))) != 0) return false;  // has no absolute value

    const LaneSums lanes = sums.sums();
    squares = lanes.two;
    moments_.add(lanes.one, lanes.two, lanes.three, lanes.four, lanes.magnitude);
    extremes_.add(to_f32(lowest) * line.step - line.base);
    extremes_.add(to_f32(sums.highest()) * line.step - line.base);
    count(group, sums);
    scales_.add(line.step, AllLanes{});
    ++groups_;
    return true;
  }

  // position(magnitude): where it first stands in this run. show_all(moments): adds every weight of the groups seen.
  template <class Position, class ShowAll>
  void finish(Position position, ShowAll show_all) {
    if (groups_ == 0) return;
    counts_.finish(*run_.values, groups_ * kElements);
    extremes_.finish(*run_.values, run_.first, position);
    moments_.finish(*run_.values, groups_ * kElements, show_all);
    scales_.finish(*run_.scales, groups_ * kLanes);
  }

 private:
  template <class F>
  struct SumsOf {
    using type = LineSums<kSize>;
  };
  template <IsCentered F>
  struct SumsOf<F> {
    using type = CenteredSums<kSize>;
  };
  using Sums = typename SumsOf<Format>::type;

  static bool is_exact(const Block* group, const Line& line) {
    if constexpr (IsCentered<Format>) {  // a short step times a short integer, unless it is Inf or NaN
      return bits(less(abs(line.step), broadcast(0x1p100F))) == 0xFFFFU;
    } else {
      return bits(less(broadcast(0.0F), line.step)) == 0xFFFFU && Format::rounds_nothing(group);
    }
  }

  static Line in_order_of_quads(const Line& line) {
    alignas(64) static constexpr SubBlocks<Format> kSubBlocks;
    const I32 order = load_i32(kSubBlocks.of_lane);
    return {pick(line.step, order), IsCentered<Format> ? broadcast(0.0F) : pick(line.base, order)};
  }

  void count(const Block* group, const Sums& sums) {
    if (bits(less(sums.others_beyond(), broadcast(run_.sparsity_threshold))) == 0) {
      counts_.add(sums.nearest_zero());
    } else {
      each_weight<Format>(group, [&](F32 w) { counts_.add(Group{w, {}}, AllLanes{}); });
    }
  }

  const FusedRun& run_;
  uint64_t groups_ = 0;
  Summing<Counts> counts_;
  Summing<Extremes> extremes_;
  Summing<Scales> scales_;
  Summing<Moments> moments_{0.0};
};

}  // namespace
}  // namespace ggufscope
