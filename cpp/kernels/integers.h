// Statistics of values from integers: weights w = step · q − base, where sixteen or 32 neighbours, a sub-block, share
// step and base, and q is a byte. Weights need not be decoded, let alone be converted to float64.
//
// Sixteen sub-blocks, a group, are worked on at once, one in each lane (code_sums.h).
//
// Where nothing rounds, step · q − base is each weight exactly, so that its sign follows from comparing q with the code
// at which the line crosses zero, Σ|w| from the codes below that, and zeros are the weights of one code. Groups where
// something may round are left to the observers of tiles.
#pragma once

#include "formats/format.h"
#include "kernels/code_sums.h"
#include "kernels/kernels.h"

namespace ggufscope {
namespace {

static_assert(__is_same(Values, Collection<Counts, Extremes, Moments>),
              "IntegerValues feeds these statistics of values: a new one needs a place there");

// Formats whose lines all cross zero at the same code, which is then q = 0: the base is 0. Steps may be negative, or 0.
template <class Format>
concept IsCentered = requires { Format::center; };

// Codes that each_quad gives as they are stored, without their center.
template <class Format>
concept HasNibbles = Format::lowest_code == 0 && Format::highest_code < 16;

// The sums of powers that fit a format's codes.
template <class Format>
struct PowersOf {
  using type = ByteSums;
};
template <HasNibbles Format>
struct PowersOf<Format> {
  static constexpr int origin() {
    if constexpr (IsCentered<Format>) return Format::center;
    return 8;
  }
  using type = NibbleSums<Format::sub_block_elements, origin()>;
};

template <class Format>
struct SubBlocks {
  int32_t of_lane[kLanes] = {};
  constexpr SubBlocks() {
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

// The observers of values and scales, for the groups of one run.
template <class Format>
class IntegerValues {
 public:
  using Block = typename Format::Block;
  static constexpr int kSize = Format::sub_block_elements;
  static constexpr int kElements = kSize * kLanes;

  explicit IntegerValues(const FusedRun& run) : run_(run), counts_(run.sparsity_threshold) {
    extremes_.start_from(*run.values);
  }

  // False, and nothing is added, where weights are not what the line says, or a code has no absolute value in a byte.
  // squares: Σw² of each lane, in the order of quads.
  bool observe(const Block* group, const Line& of_sub_blocks, F64& squares) {
    if (!is_exact(group, of_sub_blocks)) return false;
    const Line line = in_order_of_quads(of_sub_blocks);
    Sums sums(line);
    Format::each_quad(group, [&](I32 quad) { sums.add(quad); });
    if constexpr (Format::lowest_code < 0) {
      if (sums.has_minus_128()) return false;
    }
    const LaneSums lanes = sums.sums();
    squares = lanes.two;
    moments_.add(lanes.one, lanes.two, lanes.three, lanes.four, lanes.magnitude);
    if (may_set_records(line)) add_ends(group, line);
    count(group, sums);
    scales_.add(line.step, AllLanes{});
    ++groups_;
    return true;
  }

  // position(magnitude): where it first stands in this run. show_all(visit): every weight of the groups seen.
  template <class Position, class ShowAll>
  void finish(Position position, ShowAll show_all) {
    if (groups_ == 0) return;
    counts_.finish(*run_.values, groups_ * kElements);
    extremes_.finish(*run_.values, run_.first, position);
    const double mean = sum(moments_.powers.one) / static_cast<double>(groups_ * kElements);
    moments_.finish(*run_.values, groups_ * kElements, mean, show_all);
    scales_.finish(*run_.scales, groups_ * kLanes);
  }

 private:
  template <class F>
  struct SumsOf {
    using type = LineSums<kSize, typename PowersOf<F>::type>;
  };
  template <IsCentered F>
  struct SumsOf<F> {
    using type = CenteredSums<kSize, typename PowersOf<F>::type>;
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

  // Records are rare after the first few groups, unless weights have one sign. No weight is beyond that of the smallest
  // or the largest code, or, where steps may be negative, farther from zero than the farther of them. Codes that occur
  // are looked for only where that is beyond what was seen so far.
  bool may_set_records(const Line& line) const {
    if constexpr (IsCentered<Format>) {
      constexpr int kFarthest = Format::center - Format::lowest_code > Format::highest_code - Format::center
                                    ? Format::center - Format::lowest_code
                                    : Format::highest_code - Format::center;
      const F32 end = abs(line.step) * broadcast(static_cast<float>(kFarthest));
      return extremes_.may_add(broadcast(0.0F) - end, end);
    } else {
      return extremes_.may_add(broadcast(static_cast<float>(Format::lowest_code)) * line.step - line.base,
                               broadcast(static_cast<float>(Format::highest_code)) * line.step - line.base);
    }
  }
  [[gnu::noinline]] void add_ends(const Block* group, const Line& line) {
    constexpr int kZero = IsCentered<Format> ? PowersOf<Format>::type::kOrigin : 0;
    CodeEnds ends;
    Format::each_quad(group, [&](I32 quad) { ends.add(quad); });
    const auto weights = [&](I32 codes) { return to_f32(codes - broadcast(kZero)) * line.step - line.base; };
    extremes_.add(weights(ends.lowest()));
    extremes_.add(weights(ends.highest()));
    extremes_.share();
  }

  void count(const Block* group, const Sums& sums) {
    if (bits(less(sums.others_beyond(), broadcast(run_.sparsity_threshold))) == 0) {
      counts_.add(sums.nearest_zero(run_.sparsity_threshold, [&](auto visit) { Format::each_quad(group, visit); }));
    } else {
      each_weight<Format>(group, [&](F32 w) { counts_.add_all(w); });
    }
  }

  const FusedRun& run_;
  uint64_t groups_ = 0;
  Summing<Counts> counts_;
  Summing<Extremes> extremes_;
  Summing<Scales> scales_;
  Summing<Moments> moments_;
};

}  // namespace
}  // namespace ggufscope
