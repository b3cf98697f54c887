// The registry of statistics: listing a struct here makes kernels compute it, the engine merge it, and every output
// show its fields. What it looks at is told by its sums (statistics/tile.h), how long it lives by itself
// (statistics/statistic.h). Pair statistics compare the weights of two files and have a list of their own
// (statistics/pair.h).
#pragma once

#include "statistics/codes.h"
#include "statistics/counts.h"
#include "statistics/difference.h"
#include "statistics/difference_vectors.h"
#include "statistics/extremes.h"
#include "statistics/histogram.h"
#include "statistics/moments.h"
#include "statistics/norms.h"
#include "statistics/scales.h"
#include "statistics/statistic.h"

namespace ggufscope {

/// In the order of their fields.
using AllStatistics = StatisticList<  //
    Counts,                           //
    Extremes,                         //
    Moments,                          //
    Histogram,                        //
    Norms,                            //
    Scales,                           //
    Codes                             //
    >;

using SegmentStatistics = Filtered<AllStatistics, Lives<Lifetime::Segment>::Until>;
using ChunkStatistics = Filtered<AllStatistics, Lives<Lifetime::Chunk>::Until>;
using WorkerStatistics = Filtered<AllStatistics, Lives<Lifetime::Worker>::Until>;

template <class... Statistic>
struct Collection : Statistic... {
  /// Adds what `later` holds of the statistics here, one by one. Order matters to the last bits: file order.
  template <class... Other>
  void merge(const Collection<Other...>& later) {
    (static_cast<Other&>(*this).merge(static_cast<const Other&>(later)), ...);
  }

  /// Adds the next rows of the same tensor: its next chunk, or its next expert.
  template <class... Other>
  void append(const Collection<Other...>& later) {
    (append_rows(static_cast<Other&>(*this), static_cast<const Other&>(later)), ...);  // first: it may refuse
    (merge_others(static_cast<Other&>(*this), static_cast<const Other&>(later)), ...);
  }

  template <class Visitor>
  void each(Visitor visit) {
    (visit(static_cast<Statistic&>(*this)), ...);
  }

  Fields fields() const {
    Fields out;
    (static_cast<const Statistic&>(*this).write(*this, out), ...);
    return out;
  }

  template <class Visitor>  // visit(field, statistic's kFast)
  static void each_field(Visitor visit) {
    const auto visit_all = [&](const auto& fields, bool fast) {
      for (const FieldInfo& field : fields) visit(field, fast);
    };
    (visit_all(Statistic::kFields, is_fast<Statistic>()), ...);
  }

 private:
  template <class One>
  static constexpr bool is_fast() {
    if constexpr (requires { One::kFast; }) return One::kFast;
    return false;
  }
  template <class Each>
  static constexpr bool kHasRows = requires(Each& here, const Each& later) { here.append(later); };

  template <class Each>
  static void append_rows(Each& here, const Each& later) {
    if constexpr (kHasRows<Each>) here.append(later);
  }
  template <class Each>
  static void merge_others(Each& here, const Each& later) {
    if constexpr (!kHasRows<Each>) here.merge(later);
  }
};

template <class List>
struct CollectionOfList;
template <class... Statistic>
struct CollectionOfList<StatisticList<Statistic...>> {
  using type = Collection<Statistic...>;
};
template <class List>
using CollectionOf = typename CollectionOfList<List>::type;

/// What heads have as well.
using Values = CollectionOf<SegmentStatistics>;
using Statistics = CollectionOf<AllStatistics>;

/// Where kernels put what they find in a piece of a chunk.
struct Targets : TargetPointers<AllStatistics> {
  bool full;        // whether statistics are wanted that fast profiles do not have
  bool rows;        // whether those of rows and columns are
  uint32_t* table;  // of formats that count codes in a table of their own, FormatKernels::table_size
};

using PairStatistics = Collection<Difference, DifferenceVectors>;

template <class... Statistic>
struct PairTargets<Collection<Statistic...>> : PairTarget<Statistic>... {};

}  // namespace ggufscope
