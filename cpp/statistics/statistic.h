// What the engine knows of a statistic: how long what it holds lives, and where kernels put what they find.
//
//   per segment │ one attention head's rows of a chunk, or all of them. Kernels fill the statistic itself; segments are
//               │ merged in file order, once for the tensor and once for each head.
//   per chunk   │ of some million weights. Kernels fill the statistic itself or its Target; chunks are merged in file
//               │ order.
//   per worker  │ counters, in tables too large to be had for each chunk. Kernels fill its Target, which counts on from
//               │ chunk to chunk; integers may be merged in any order.
//
// A statistic is a struct with
//
//   static constexpr Lifetime kLifetime;
//   static constexpr bool kFast;                    whether fast profiles have it
//   static constexpr FieldInfo kFields[];           what it tells
//   void merge(const S& later);                     adds what is later in the file
//   template <class All> void write(const All& all, Fields&) const;     tells it; `all` is the collection it is part of
//
// and, where they mean something for it,
//
//   void append(const S& later);                    in place of merge for the next rows of the same tensor
//   void begin();                                   before the first chunk
//   void prepare(uint64_t rows, uint64_t columns);  before the first chunk, where rows and columns are kept
//   struct Target;                                  plain data that kernels fill in place of the statistic
//   Target target(S& whole, const ChunkShape&);     per chunk: of this statistic's next chunk
//   void absorb(Target&, const TypeInfo&);          per worker: takes over what was counted and clears it
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "formats/types.h"
#include "statistics/field.h"

namespace ggufscope {

enum class Lifetime { Segment, Chunk, Worker };

/// Rows of a matrix, as statistics of rows are told of them.
struct ChunkShape {
  uint64_t first_row;
  uint64_t rows;
  uint64_t columns;
  bool kept;           // whether the matrix is small enough to keep something for each row and column
  float* column_sums;  // zeros, one for each column, to be left zeros; nullptr: no sums of squares come (add_squares)
};

template <class Statistic>
struct TargetOfStatistic {
  using type = Statistic;
};
template <class Statistic>
  requires requires { typename Statistic::Target; }
struct TargetOfStatistic<Statistic> {
  using type = typename Statistic::Target;
};

/// What kernels fill.
template <class Statistic>
using TargetOf = typename TargetOfStatistic<Statistic>::type;

template <class Statistic>
inline constexpr bool kHasTarget = !std::is_same_v<Statistic, TargetOf<Statistic>>;

template <class... Statistic>
struct StatisticList {};

// ---- lists made of lists

template <class... List>
struct JoinedLists;
template <>
struct JoinedLists<> {
  using type = StatisticList<>;
};
template <class... A>
struct JoinedLists<StatisticList<A...>> {
  using type = StatisticList<A...>;
};
template <class... A, class... B, class... More>
struct JoinedLists<StatisticList<A...>, StatisticList<B...>, More...> {
  using type = typename JoinedLists<StatisticList<A..., B...>, More...>::type;
};

template <class List, template <class> class Keep>
struct FilteredList;
template <class... Statistic, template <class> class Keep>
struct FilteredList<StatisticList<Statistic...>, Keep> {
  using type = typename JoinedLists<
      std::conditional_t<Keep<Statistic>::value, StatisticList<Statistic>, StatisticList<>>...>::type;
};

/// The statistics of a list for which Keep<Statistic>::value.
template <class List, template <class> class Keep>
using Filtered = typename FilteredList<List, Keep>::type;

template <Lifetime Wanted>
struct Lives {
  template <class Statistic>
  using Until = std::bool_constant<Statistic::kLifetime == Wanted>;
};

// ---- their targets

template <class Statistic>
struct TargetPointer {
  TargetOf<Statistic>* to = nullptr;
};

template <class List>
struct TargetPointers;
template <class... Statistic>
struct TargetPointers<StatisticList<Statistic...>> : TargetPointer<Statistic>... {
  template <class Wanted>
  GGUFSCOPE_SHARED TargetOf<Wanted>* of() const {
    return static_cast<const TargetPointer<Wanted>&>(*this).to;
  }
  template <class Wanted>
  GGUFSCOPE_SHARED void set(TargetOf<Wanted>* to) {
    static_cast<TargetPointer<Wanted>&>(*this).to = to;
  }
};

}  // namespace ggufscope
