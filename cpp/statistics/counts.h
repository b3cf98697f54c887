// How many values there are of the kinds that decide whether a tensor is healthy.
#pragma once

#include "statistics/field.h"
#include "statistics/tile.h"

namespace ggufscope {

struct Counts {
  uint64_t finite = 0;
  uint64_t nan = 0;
  uint64_t inf = 0;
  uint64_t zero = 0;
  uint64_t sparse = 0;

  static constexpr bool kFast = true;
  static constexpr FieldInfo kFields[] = {
      {"n_elements", "count", "elements seen, non-finite ones included"},
      {"nan_count", "count", "elements that are NaN"},
      {"inf_count", "count", "elements that are +Inf or -Inf"},
      {"zero_fraction", "share", "share of w == 0 among the finite elements"},
      {"sparsity", "share", "share of abs(w) < sparsity_threshold among the finite elements"},
  };

  GGUFSCOPE_SHARED void merge(const Counts& later) {
    finite += later.finite;
    nan += later.nan;
    inf += later.inf;
    zero += later.zero;
    sparse += later.sparse;
  }

  template <class All>
  void write(const All&, Fields& out) const {
    out.set("n_elements", finite + nan + inf);
    out.set("nan_count", nan);
    out.set("inf_count", inf);
    out.share("zero_fraction", zero, finite);
    out.share("sparsity", sparse, finite);
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

inline void observe(Counts& counts, const Tile& tile) {
  const F32 nothing = broadcast(0.0F);
  const F32 threshold = broadcast(tile.sparsity_threshold);
  I32 zero = broadcast(0);
  I32 sparse = broadcast(0);
  each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) {
    zero = increment(zero, only(valid, equal(x, nothing)));
    sparse = increment(sparse, only(valid, less(abs(x), threshold)));
  });
  counts.finite += tile.seen_count;
  counts.zero += sum(zero);
  counts.sparse += sum(sparse);
  if (tile.seen_count == tile.count) return;
  for (size_t i = 0; i < tile.count; ++i) {
    counts.nan += __builtin_isnan(tile.values[i]) ? 1 : 0;
    counts.inf += __builtin_isinf(tile.values[i]) ? 1 : 0;
  }
}

}  // namespace
#endif
}  // namespace ggufscope
