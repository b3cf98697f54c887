// The registry of statistics: listing a struct here makes kernels compute it, the engine merge it, and every output
// show its fields.
//
// Three kinds of observers feed them: values (a tile of decoded weights), blocks (raw blocks: scales, codes) and rows
// (norms). Value statistics are small enough to be kept per attention head as well.
#pragma once

#include "statistics/codes.h"
#include "statistics/counts.h"
#include "statistics/extremes.h"
#include "statistics/histogram.h"
#include "statistics/moments.h"
#include "statistics/norms.h"
#include "statistics/scales.h"

namespace ggufscope {

template <class... Statistic>
struct Collection : Statistic... {
  /// Adds what `later` holds of the statistics here, one by one. Order matters to the last bits: file order.
  template <class... Other>
  GGUFSCOPE_SHARED void merge(const Collection<Other...>& later) {
    (static_cast<Other&>(*this).merge(static_cast<const Other&>(later)), ...);
  }

  template <class Visitor>
  GGUFSCOPE_SHARED void each(Visitor visit) {
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
    (visit_all(Statistic::kFields, Statistic::kFast), ...);
  }
};

template <class... More>
using WithValueStatistics = Collection<Counts, Extremes, Moments, More...>;

using Values = WithValueStatistics<>;
using Statistics = WithValueStatistics<Histogram, Norms, Scales, Codes>;

}  // namespace ggufscope
