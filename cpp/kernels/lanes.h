// Sums of integers in place of weights: w = step · q − base, where sixteen or 32 neighbours, a sub-block, share step
// and base, and q is a byte. Weights need not be decoded, let alone be converted to float64.
//
// Sixteen sub-blocks, a group, are worked on at once, one in each lane (code_sums.h).
//
// Where nothing rounds, step · q − base is each weight exactly, so that its sign follows from comparing q with the code
// at which the line crosses zero, Σ|w| from the codes below that, and zeros are the weights of one code. Groups where
// something may round are left to the observers of tiles.
#pragma once

#include "formats/format.h"
#include "kernels/code_sums.h"

namespace ggufscope {
namespace {

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

template <class Format>
constexpr bool are_quads_in_order() {
  for (int lane = 0; lane < kLanes; ++lane) {
    if (Format::sub_block_of(lane) != lane) return false;
  }
  return true;
}
template <class Format>
inline constexpr bool kQuadsAreInOrder = are_quads_in_order<Format>();

template <class Format>
I32 order_of_quads() {
  alignas(64) static constexpr SubBlocks<Format> kSubBlocks;
  return load_i32(kSubBlocks.of_lane);
}
template <class Format>
Line in_order_of_quads(const Line& of_sub_blocks) {
  const F32 zero = broadcast(0.0F);
  if constexpr (kQuadsAreInOrder<Format>) {
    return {of_sub_blocks.step, IsCentered<Format> ? zero : of_sub_blocks.base};
  } else {
    const I32 order = order_of_quads<Format>();
    return {pick(of_sub_blocks.step, order), IsCentered<Format> ? zero : pick(of_sub_blocks.base, order)};
  }
}

// The sums of a group's codes.
template <class Format>
struct CodesOf {
  using type =
      LineSums<Format::sub_block_elements, QuadCodes<Format::sub_block_elements, typename PowersOf<Format>::type>>;
};
template <IsCentered Format>
struct CodesOf<Format> {
  using type = CenteredSums<Format::sub_block_elements, typename PowersOf<Format>::type>;
};
// The same where codes are counted.
template <class Format>
using CountedCodesOf = LineSums<Format::sub_block_elements, CountedLineCodes<PowersOf<Format>::type::kOrigin>>;

// Sixteen at a time, of a group.
template <class Format, class Visit>
void each_weight(const typename Format::Block* group, Visit visit) {
  alignas(64) float weights[Format::elements];
  for (int b = 0; b < Format::blocks_per_group; ++b) {
    Format::decode(group[b], weights);
    for (int i = 0; i < Format::elements; i += kLanes) visit(load(weights + i));
  }
}

// A group as statistics are shown it.
template <class Format, class Codes = typename CodesOf<Format>::type>
class LaneGroup {
 public:
  using Block = typename Format::Block;
  static constexpr int kSize = Format::sub_block_elements;

  // Whether weights are what the line says; all of it is finite then.
  static bool is_exact(const Block* group, const Line& line) {
    if constexpr (IsCentered<Format>) {  // a short step times a short integer
      if constexpr (requires { Format::is_in_range(line); }) return Format::is_in_range(line);
      return bits(less(abs(line.step), broadcast(0x1p100F))) == 0xFFFFU;
    } else {
      return bits(less(line.step, broadcast(0.0F))) == 0 && Format::rounds_nothing(group, line);
    }
  }

  LaneGroup(const Block* group, const Line& of_sub_blocks)
      : group_(group), line_(in_order_of_quads<Format>(of_sub_blocks)), codes_(line_) {
    Format::each_quad(group, [&](I32 quad) { codes_.add(quad); });
  }
  LaneGroup(const Block* group, const Line& of_sub_blocks, const PackedCounts& counts)
      : group_(group), line_(in_order_of_quads<Format>(of_sub_blocks)), codes_(line_, counts) {}

  // False where a code has no absolute value in a byte; nothing else may be asked then.
  bool is_usable() const {
    if constexpr (Format::lowest_code < 0 && !HasValues<Format>) return !codes_.has_minus_128();
    return true;
  }
  [[gnu::always_inline]] void add_up() { sums_ = codes_.sums(); }

  // Of each lane, in the order of quads.
  const LaneSums& sums() const { return sums_; }
  // What `scales` gives.
  F32 scales() const {
    if constexpr (requires { Format::scale_per_step; }) return broadcast(Format::scale_per_step) * line_.step;
    return line_.step;
  }

  // No weight is beyond that of the smallest or the largest code, or, where steps may be negative, farther from zero
  // than the farther of them.
  F32 lowest_possible() const {
    if constexpr (IsCentered<Format>) return broadcast(0.0F) - highest_possible();
    return broadcast(static_cast<float>(Format::lowest_code)) * line_.step - line_.base;
  }
  F32 highest_possible() const {
    if constexpr (IsCentered<Format>) {
      constexpr int kFarthest = Format::center - Format::lowest_code > Format::highest_code - Format::center
                                    ? Format::center - Format::lowest_code
                                    : Format::highest_code - Format::center;
      return abs(line_.step) * broadcast(static_cast<float>(kFarthest));
    } else {
      return broadcast(static_cast<float>(Format::highest_code)) * line_.step - line_.base;
    }
  }

  struct Ends {
    F32 first;
    F32 second;
  };
  // The weights of the smallest and of the largest code that occur.
  Ends ends() const { return ends_of(group_, line_.step, line_.base); }

  // The weights that are nearest to zero, counted, and how far all others are from it at least.
  Counted nearest_zero() const { return codes_.nearest_zero(); }
  F32 others_beyond() const { return codes_.others_beyond(); }

  // visit(F32): sixteen at a time.
  template <class Visit>
  void each_weight(Visit visit) const {
    ggufscope::each_weight<Format>(group_, visit);
  }

 private:
  [[gnu::noinline]] static Ends ends_of(const Block* group, F32 step, F32 base) {
    constexpr int kZero = IsCentered<Format> ? PowersOf<Format>::type::kOrigin : 0;
    CodeEnds codes;
    Format::each_quad(group, [&](I32 quad) { codes.add(quad); });
    const auto weights = [&](I32 code) { return to_f32(code - broadcast(kZero)) * step - base; };
    return {weights(codes.lowest()), weights(codes.highest())};
  }

  const Block* group_;
  Line line_;
  Codes codes_;
  LaneSums sums_{};
};

// The groups of a run that statistics were shown, at the end of it.
template <class Format>
class LaneRun {
 public:
  using Block = typename Format::Block;

  // `left`: bit i is set where group i was not shown.
  LaneRun(const Block* blocks, int groups, uint32_t left, uint64_t first)
      : blocks_(blocks), groups_(groups), left_(left), first_(first) {}

  uint64_t sub_blocks() const { return static_cast<uint64_t>(groups_ - __builtin_popcount(left_)) * kLanes; }
  uint64_t weights() const { return sub_blocks() * Format::sub_block_elements; }
  uint64_t first() const { return first_; }  // index of its first weight in its tensor

  // Where a magnitude first stands that is that of one of these weights.
  uint64_t position_of(float magnitude) const {
    float weights[Format::elements];
    const int n_blocks = groups_ * Format::blocks_per_group;
    for (int i = 0; i < n_blocks; ++i) {
      Format::decode(blocks_[i], weights);
      for (int j = 0; j < Format::elements; ++j) {
        if (__builtin_fabsf(weights[j]) == magnitude) return first_ + static_cast<uint64_t>(i) * Format::elements + j;
      }
    }
    return first_;  // not reached
  }
  template <class Visit>
  void each_weight(Visit visit) const {
    for (int i = 0; i < groups_; ++i) {
      if ((left_ >> i & 1U) != 0) continue;
      ggufscope::each_weight<Format>(blocks_ + i * Format::blocks_per_group, visit);
    }
  }

 private:
  const Block* blocks_;
  int groups_;
  uint32_t left_;
  uint64_t first_;
};

}  // namespace
}  // namespace ggufscope
