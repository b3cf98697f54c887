// Smallest and largest value, and where the largest magnitude first stands.
#pragma once

#include <limits>

#include "statistics/field.h"
#include "statistics/tile.h"

namespace ggufscope {

struct Extremes {
  float min = __builtin_inff();
  float max = -__builtin_inff();
  uint64_t abs_max_index = 0;

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
    if (!seen() || later.abs_max() > abs_max()) abs_max_index = later.abs_max_index;
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

inline void observe(Extremes& extremes, const Tile& tile) {
  if (tile.seen_count == 0) return;
  const F32 infinity = broadcast(__builtin_inff());
  const F32 minus_infinity = broadcast(-__builtin_inff());
  F32 low = infinity;
  F32 high = minus_infinity;
  each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) {
    low = min(only(valid, x, infinity), low);
    high = max(only(valid, x, minus_infinity), high);
  });
  Extremes found{lowest(low), highest(high), 0};
  const float magnitude = found.abs_max();
  // The position is looked up only where a tile sets a new record, which is rare after the first few.
  if (!extremes.seen() || magnitude > extremes.abs_max()) {
    size_t i = 0;
    while (__builtin_fabsf(tile.values[i]) != magnitude) ++i;
    found.abs_max_index = tile.first + i;
  }
  extremes.merge(found);
}

}  // namespace
#endif
}  // namespace ggufscope
