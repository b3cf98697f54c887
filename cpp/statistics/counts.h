// How many values there are of the kinds that decide whether a tensor is healthy.
#pragma once

#include "statistics/statistic.h"
#include "statistics/tile.h"

#if defined(GGUFSCOPE_KERNEL_UNIT)
#include "formats/format.h"
#endif

namespace ggufscope {

struct Counts {
  uint64_t finite = 0;
  uint64_t nan = 0;
  uint64_t inf = 0;  // as decoded: with those beyond float32
  uint64_t zero = 0;
  uint64_t sparse = 0;
  uint64_t beyond = 0;

  using Members =
      MemberList<&Counts::finite, &Counts::nan, &Counts::inf, &Counts::zero, &Counts::sparse, &Counts::beyond>;
  static constexpr Lifetime kLifetime = Lifetime::Segment;
  static constexpr bool kFast = true;
  static constexpr FieldInfo kFields[] = {
      {"n_elements", "count", "elements seen, non-finite ones included"},
      {"nan_count", "count", "elements that are NaN"},
      {"inf_count", "count", "elements that are +Inf or -Inf"},
      {"beyond_float32_count", "count", "finite elements of F64 that float32 cannot hold; there only if there are any"},
      {"zero_fraction", "share", "share of w == 0 among the finite elements"},
      {"sparsity", "share", "share of abs(w) < sparsity_threshold among the finite elements"},
  };

  GGUFSCOPE_SHARED void merge(const Counts& later) {
    finite += later.finite;
    nan += later.nan;
    inf += later.inf;
    zero += later.zero;
    sparse += later.sparse;
    beyond += later.beyond;
  }

  template <class All>
  void write(const All&, Fields& out) const {
    out.set("n_elements", finite + nan + inf);
    out.set("nan_count", nan);
    // A factor of 0 makes NaN of what decodes to Inf.
    const uint64_t rounded_to_inf = beyond < inf ? beyond : inf;
    out.set("inf_count", inf - rounded_to_inf);
    if (rounded_to_inf > 0) out.set("beyond_float32_count", rounded_to_inf);
    out.share("zero_fraction", zero, finite);
    out.share("sparsity", sparse, finite);
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

template <>
struct Summing<Counts> {
  I32 zero = broadcast(0);
  I32 sparse = broadcast(0);
  F32 threshold;

  Summing(const Counts*, const Piece& piece) : threshold(broadcast(piece.sparsity_threshold)) {}

  // Zeros are sparse: a tile is searched for them where it has sparse weights.
  template <class Valid>
  void add(const Group& group, Valid valid) {
    sparse = increment(sparse, only(valid, less(abs(group.value), threshold)));
  }
  void finish(Counts* counts, const Tile& tile) {
    if (sum(sparse) > 0 || !(tile.sparsity_threshold > 0)) {
      each_group(tile.seen, tile.seen_count,
                 [&](F32 x, auto valid) { zero = increment(zero, only(valid, equal(x, broadcast(0.0F)))); });
    }
    finish(*counts, tile.seen_count);
    if (tile.seen_count < tile.count) add_not_finite(*counts, tile);
  }

  // Where no code but the one nearest to zero can be sparse, the weights of that one are counted at once.
  template <class Lanes>
  void add_lanes(const Lanes& group) {
    if (bits(less(group.others_beyond(), threshold)) == 0) {
      const Counted nearest = group.nearest_zero();
      zero = zero + select(equal(nearest.value, broadcast(0.0F)), nearest.count, broadcast(0));
      sparse = sparse + select(less(abs(nearest.value), threshold), nearest.count, broadcast(0));
    } else {
      group.each_weight([&](F32 x) {
        add(Group{x, {}}, AllLanes{});
        zero = increment(zero, equal(x, broadcast(0.0F)));
      });
    }
  }
  template <class Run>
  void finish_lanes(Counts* counts, const Run& run) const {
    finish(*counts, run.weights());
  }

 private:
  void finish(Counts& counts, uint64_t finite) const {
    counts.finite += finite;
    counts.zero += sum(zero);
    counts.sparse += sum(sparse);
  }
  static void add_not_finite(Counts& counts, const Tile& tile) {
    for (size_t i = 0; i < tile.count; ++i) {
      counts.nan += __builtin_isnan(tile.values[i]) ? 1 : 0;
      counts.inf += __builtin_isinf(tile.values[i]) ? 1 : 0;
    }
  }
};

// Numbers that decoding turns into Inf are told by their blocks alone.
template <IsWide Format>
class SummingBlocks<Counts, Format> {
 public:
  explicit SummingBlocks(Counts* into) : into_(into) {}

  void add_block(const typename Format::Block& block) {
    const double number = Format::number(block);
    const bool is_finite = __builtin_isfinite(number) != 0;
    into_->beyond += is_finite && __builtin_isinf(static_cast<float>(number)) ? 1 : 0;
  }
  void finish() const {}

 private:
  Counts* into_;
};

}  // namespace
#endif
}  // namespace ggufscope
