// Statistics of formats whose sub-blocks are 32 codes of four bits on a line, w = step · q − base, from counts of the
// codes: weights need not be decoded, let alone be converted to float64.
//
// Sixteen sub-blocks, a group, are worked on at once, one in each lane. Their codes are turned into bit planes; for
// each code three ANDs and a popcount tell how often it occurs. All observers of values then see sixteen (value, count)
// pairs in place of 32 weights. The value is that of decode, to the bit.
//
// Power sums come from the counts n(q) as integers, about the middle of the codes: u = 2q − 15 is odd, u = ±(2j + 1),
// and with s(j) = n(8 + j) + n(7 − j), d(j) = n(8 + j) − n(7 − j)
//
//     Σu  = Σ (2j + 1) d(j)           Σu² = Σ (8t + 1) s(j)                       t = j (j + 1) / 2
//     Σu³ = Σ (2j + 1)(8t + 1) d(j)   Σu⁴ = Σ (64t² + 16t + 1) s(j)
//
// Polynomials in j are sums of binomials, and those are what repeated summation makes: additions from j = 7 down, of
// what the level above has added up, k levels deep, weigh term j with C(j + k − 1, k − 1). Nothing is multiplied.
//
// Where rounds_nothing() holds, step · u / 2 + middle is each weight exactly; the sums are those of the decoded weights
// with nothing lost but the last bits of float64. Groups where it does not hold are left to the observers of tiles.
#pragma once

#include "formats/format.h"
#include "kernels/kernels.h"
#include "kernels/prefetch.h"

namespace ggufscope {
namespace {

constexpr double kWeightsPerLane = 32;

static_assert(__is_same(Values, Collection<Counts, Extremes, Moments>),
              "LinearObserver feeds these statistics of values: a new one needs add(const Counted&) and a place there");

// Four planes, and which of 32 codes equal one of the sixteen.
class CodeBits {
 public:
  explicit CodeBits(const NibblePlanes& planes) {
    const I32 ones = broadcast(0xFFFFFFFFU);
    for (int half = 0; half < 2; ++half) {
      const I32 a = planes.of[2 * half];
      const I32 b = planes.of[2 * half + 1];
      of_[half][0] = (a | b) ^ ones;
      of_[half][1] = a & (b ^ ones);
      of_[half][2] = b & (a ^ ones);
      of_[half][3] = a & b;
    }
  }
  I32 operator[](int code) const { return of_[0][code & 3] & of_[1][code >> 2]; }

 private:
  I32 of_[2][4];
};

// Σu … Σu⁴ of each lane, by repeated summation.
struct CodeSums {
  I32 odd[4];   // levels of d; [0] without j = 0
  I32 even[5];  // levels of s
  I32 odd_before;
  I32 first_odd;

  CodeSums() {
    for (I32& level : odd) level = broadcast(0);
    for (I32& level : even) level = broadcast(0);
  }
  // Of j = 7, 6, … 0.
  void add(int j, I32 above, I32 below) {
    const I32 d = above - below;
    const I32 s = above + below;
    if (j == 0) {
      first_odd = odd[0] + d;
      return;
    }
    odd_before = odd[3];
    odd[0] = odd[0] + d;
    for (int k = 1; k < 4; ++k) odd[k] = odd[k] + odd[k - 1];
    even[0] = even[0] + s;
    even[1] = even[1] + even[0];
    even[2] = even[2] + even[1];
    if (j == 1) return;
    even[3] = even[3] + even[2];
    even[4] = even[4] + even[3];
  }
  I32 u1() const { return odd[1] + odd[1] + first_odd; }
  I32 u2() const { return shift_left<3>(even[2]) + broadcast(32); }
  I32 u3() const { return shift_left<3>((odd[3] + odd_before) * broadcast(3)) + u1(); }
  I32 u4() const {
    const I32 t_squares = even[2] + even[4] * broadcast(6);
    return shift_left<6>(t_squares) + shift_left<4>(even[2]) + broadcast(32);
  }
};

struct LaneSums {
  F64 mean;
  F64 m2;  // Σ (w − mean)²
  F64 m3;
  F64 m4;
};

// Of the weights of each lane, from the sums of its codes.
inline LaneSums lane_sums(const Line& line, const CodeSums& codes) {
  const F64 half = broadcast(0.5) * to_f64(line.step);
  const F64 u1 = to_f64(codes.u1());
  const F64 u2 = to_f64(codes.u2());
  const F64 u3 = to_f64(codes.u3());
  const F64 mean = broadcast(1.0 / 32) * u1;  // exact, and so are the next three
  const F64 m2 = u2 - mean * u1;
  const F64 m3 = u3 - mean * (broadcast(3.0) * u2 - broadcast(2.0) * mean * u1);
  const F64 m4 =
      to_f64(codes.u4()) - mean * (broadcast(4.0) * u3 - mean * (broadcast(6.0) * u2 - broadcast(3.0) * mean * u1));
  const F64 square = half * half;
  const F64 middle = broadcast(15.0) * half - to_f64(line.base);
  return {half * mean + middle, square * m2, square * half * m3, square * square * m4};
}

// Σw of those weights of each lane whose bits are set.
inline F64 sum_of(I32 bits, const NibblePlanes& planes, const Line& line) {
  I32 codes = popcount(bits & planes.of[0]);
  codes = codes + shift_left<1>(popcount(bits & planes.of[1]));
  codes = codes + shift_left<2>(popcount(bits & planes.of[2]));
  codes = codes + shift_left<3>(popcount(bits & planes.of[3]));
  return to_f64(line.step) * to_f64(codes) - to_f64(line.base) * to_f64(popcount(bits));
}

// Moves on by one block.
template <class Format>
void pass(LinearRun& run) {
  run.column += Format::elements;
  if (run.column < run.columns) return;
  run.column = 0;
  ++run.row;
}

// The columns of the block's row.
inline float* columns_of_few_rows(LinearRun& run) {
  if (run.row / kRowsInFloat != run.few_rows_are) {
    flush_columns(run.few_rows, run.column_squares, run.columns);
    run.few_rows_are = run.row / kRowsInFloat;
  }
  return run.few_rows + run.column;
}

// Norms, block by block: a row may end with any.
template <class Format>
void observe_norms(const typename Format::Block* blocks, F64 lane_squares, LinearRun& run) {
  constexpr int kLanesPerBlock = kLanes / Format::blocks_per_group;
  alignas(64) double squares[kLanes];
  store(squares, lane_squares);
  keep_in_memory(squares);
  for (int b = 0; b < Format::blocks_per_group; ++b) {
    double total = 0;
    for (int l = 0; l < kLanesPerBlock; ++l) total += squares[b * kLanesPerBlock + l];
    run.row_squares[run.row] += total;
    float* columns = columns_of_few_rows(run);
    Format::each_sixteen(
        blocks[b], [&](int first, F32 weights) { store(columns + first, load(columns + first) + weights * weights); });
    pass<Format>(run);
  }
}

// The observers of one run; full: with histogram, codes and norms.
template <class Format, bool Full>
class LinearObserver {
 public:
  using Block = typename Format::Block;

  explicit LinearObserver(LinearRun& run)
      : run_(run), values_{Summing<Counts>(run.sparsity_threshold), {}, broadcast(0)}, histogram_(run.histogram) {}

  void observe(const Block* group) {
    const Line line = Format::line(group);
    const NibblePlanes planes = Format::planes(group);
    const CodeBits bits(planes);
    CodeSums sums;
    ValueSums values = values_;  // a copy, which the compiler keeps in registers
#pragma GCC unroll 8
    for (int j = 7; j >= 0; --j) {
      const I32 above = observe_code(8 + j, bits, line, values);
      const I32 below = observe_code(7 - j, bits, line, values);
      sums.add(j, above, below);
    }
    const I32 negative = values.negative;
    values.negative = broadcast(0);
    values_ = values;
    const LaneSums lanes = lane_sums(line, sums);
    const F64 total = broadcast(kWeightsPerLane) * lanes.mean;
    // Σ|w| = |Σw − 2 Σ of the negative ones|
    const F64 magnitude = abs(total - broadcast(2.0) * sum_of(negative, planes, line));
    bunches_.add(lanes.mean, lanes.m2, lanes.m3, lanes.m4, magnitude);
    scales_.add(line.step, AllLanes{});
    if constexpr (Full) {
      histogram_.next_group();
      if (run_.row_squares != nullptr) observe_norms<Format>(group, lanes.m2 + total * lanes.mean, run_);
    }
    ++groups_;
  }

  // position(magnitude): where it first stands in this run.
  template <class Position>
  void finish(Position position) {
    if (groups_ == 0) return;
    values_.counts.finish(*run_.values, groups_ * kGroupElements);
    values_.extremes.finish(*run_.values, run_.first, position);
    bunches_.finish(*run_.values);
    scales_.finish(*run_.scales, groups_ * kLanes);
    if constexpr (Full) {
      histogram_.finish();
      codes_.finish(*run_.codes);
    }
  }

 private:
  struct ValueSums {
    Summing<Counts> counts;
    Summing<Extremes> extremes;
    I32 negative = broadcast(0);  // the bits of weights below zero
  };

  I32 observe_code(int code, const CodeBits& bits, const Line& line, ValueSums& values) {
    const I32 which = bits[code];
    const Counted counted{broadcast(static_cast<float>(code)) * line.step - line.base, popcount(which)};
    values.counts.add(counted);
    values.extremes.add(counted);
    values.negative = values.negative | select(less(counted.value, broadcast(0.0F)), which, broadcast(0));
    if constexpr (Full) {
      histogram_.add(code, counted);
      codes_.add(code, counted.count);
    }
    return counted.count;
  }

  LinearRun& run_;
  uint64_t groups_ = 0;
  ValueSums values_;
  Summing<Scales> scales_;
  Bunches<kGroupsPerRun> bunches_;
  CountedHistogram histogram_;
  CountedCodes codes_;
};

template <class Format>
uint64_t first_position(const typename Format::Block* blocks, uint64_t n_blocks, float magnitude, uint64_t first) {
  float weights[Format::elements];
  for (uint64_t i = 0; i < n_blocks; ++i) {
    Format::decode(blocks[i], weights);
    for (int j = 0; j < Format::elements; ++j) {
      if (__builtin_fabsf(weights[j]) == magnitude) return first + i * Format::elements + j;
    }
  }
  return first;  // not reached: the magnitude was found among these weights
}

template <class Format, bool Full>
uint32_t observe_run(const typename Format::Block* blocks, int groups, LinearRun& run) {
  LinearObserver<Format, Full> observer(run);
  uint32_t left = 0;
  for (int i = 0; i < groups; ++i) {
    const auto* group = blocks + i * Format::blocks_per_group;
    prefetch_after(group, sizeof *group * Format::blocks_per_group);
    if (Format::rounds_nothing(group)) {
      observer.observe(group);
    } else {
      left |= 1U << i;
      if (Full && run.row_squares != nullptr) {
        for (int b = 0; b < Format::blocks_per_group; ++b) pass<Format>(run);
      }
    }
  }
  observer.finish([&](float magnitude) {
    return first_position<Format>(blocks, static_cast<uint64_t>(groups) * Format::blocks_per_group, magnitude,
                                  run.first);
  });
  return left;
}

template <class Format>
uint32_t observe_linear(const std::byte* bytes, int groups, LinearRun& run) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  return run.histogram == nullptr ? observe_run<Format, false>(blocks, groups, run)
                                  : observe_run<Format, true>(blocks, groups, run);
}

}  // namespace
}  // namespace ggufscope
