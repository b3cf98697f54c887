// Smallest and largest value, and where the largest magnitude first stands.
#pragma once

#include <limits>

#include "statistics/statistic.h"
#include "statistics/tile.h"

namespace ggufscope {

struct Extremes {
  float min = __builtin_inff();
  float max = -__builtin_inff();
  uint64_t abs_max_index = 0;

  using Members = MemberList<&Extremes::min, &Extremes::max, &Extremes::abs_max_index>;
  static constexpr Lifetime kLifetime = Lifetime::Segment;
  static constexpr bool kFast = true;
  static constexpr FieldInfo kFields[] = {
      {"min", "number", "smallest finite value"},
      {"max", "number", "largest finite value"},
      {"abs_max", "number", "largest magnitude of a finite value"},
      {"abs_max_index", "index", "position of the first element that reaches abs_max", false},
  };

  GGUFSCOPE_SHARED bool seen() const { return min <= max; }
  GGUFSCOPE_SHARED float abs_max() const { return -min > max ? -min : max; }

  GGUFSCOPE_SHARED void merge(const Extremes& later) {
    if (!later.seen()) return;
    const bool first = later.abs_max() == abs_max() && later.abs_max_index < abs_max_index;
    if (!seen() || later.abs_max() > abs_max() || first) abs_max_index = later.abs_max_index;
    min = later.min < min ? later.min : min;
    max = later.max > max ? later.max : max;
  }

  template <class All>
  void write(const All&, Fields& out) const {
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    out.number("min", seen() ? min : nothing);
    out.number("max", seen() ? max : nothing);
    out.number("abs_max", seen() ? std::fabs(abs_max()) : nothing);
    seen() ? out.set("abs_max_index", abs_max_index) : out.set("abs_max_index", std::monostate{});
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

template <>
struct Summing<Extremes> {
  F32 low = broadcast(__builtin_inff());
  F32 high = broadcast(-__builtin_inff());

  Summing(const Extremes*, const Piece&) {}

  template <class Valid>
  void add(const Group& group, Valid valid) {
    low = min(only(valid, group.value, broadcast(__builtin_inff())), low);
    high = max(only(valid, group.value, broadcast(-__builtin_inff())), high);
  }

  void finish(Extremes* extremes, const Tile& tile) const {
    if (tile.seen_count == 0) return;
    finish(*extremes, tile.first, [&](float magnitude) {
      size_t i = 0;
      while (__builtin_fabsf(tile.values[i]) != magnitude) ++i;
      return tile.first + i;
    });
  }

  // Records of earlier weights, all of which lie before the run.
  void begin_lanes(const Extremes& earlier) {
    low = broadcast(earlier.min);
    high = broadcast(earlier.max);
  }
  // Records are rare after the first few groups, unless weights have one sign. Codes that occur are looked for only
  // where those that may occur are beyond what was seen so far.
  template <class Lanes>
  void add_lanes(const Lanes& group) {
    if ((bits(less(group.lowest_possible(), low)) | bits(less(high, group.highest_possible()))) == 0) return;
    const auto ends = group.ends();
    low = broadcast(lowest(min(ends.second, min(ends.first, low))));  // what one lane has seen with all of them
    high = broadcast(highest(max(ends.second, max(ends.first, high))));
  }
  template <class Run>
  void finish_lanes(Extremes* extremes, const Run& run) const {
    finish(*extremes, run.first(), [&](float magnitude) { return run.position_of(magnitude); });
  }

 private:
  // position(magnitude): where that magnitude first stands, `first` or later. It is looked up only where a tile sets a
  // new record, which is rare after the first few.
  template <class Position>
  void finish(Extremes& extremes, uint64_t first, Position position) const {
    Extremes found{lowest(low), highest(high), first};
    const float magnitude = found.abs_max();
    const bool ties = magnitude == extremes.abs_max() && first < extremes.abs_max_index;
    if (!extremes.seen() || magnitude > extremes.abs_max() || ties) found.abs_max_index = position(magnitude);
    extremes.merge(found);
  }
};

}  // namespace
#endif
}  // namespace ggufscope
