// All statistics of formats of integers in one walk over their blocks, a run of groups at a time: those that take sums
// of integers get them (lanes.h); the large tables are counted from codes where sub-blocks have more weights than codes
// (counted.h, stepped.h), otherwise weight by weight, with one counter for bin and code (joint.h) or one for each; rows
// get squares. Any other statistic is shown the decoded weights or the blocks.
#pragma once

#include "kernels/blocks.h"
#include "kernels/counted.h"
#include "kernels/joint.h"
#include "kernels/lanes.h"
#include "kernels/prefetch.h"
#include "kernels/stepped.h"
#include "kernels/tiles.h"

namespace ggufscope {
namespace {

template <class Format>
class DecodedTables {
 public:
  using Feeds = StatisticList<Histogram, Codes>;

  explicit DecodedTables(const Targets& targets) : histogram_(targets.of<Histogram>()), codes_(targets.of<Codes>()) {}

  void observe(const typename Format::Block* group, const Line&) {
    for (int b = 0; b < Format::blocks_per_group; ++b) codes_.add_block(group[b]);
  }
  template <class Visit>
  void each_square(const typename Format::Block& block, int, Visit visit) {
    alignas(64) float weights[Format::elements];
    Format::decode(block, weights);
    for (int i = 0; i < Format::elements; i += kLanes) {
      const F32 w = load(weights + i);
      histogram_.add(Group{w, {}}, AllLanes{});
      visit(i, w * w);
    }
  }
  void finish() {
    histogram_.finish();
    codes_.finish();
  }

 private:
  Summing<Histogram> histogram_;
  SummingBlocks<Codes, Format> codes_;
};

// The large tables of a format, and the squares of its weights on the way:
//
//   Feeds                                                   the statistics that they are
//   void observe(const Block* group, const Line&)           first, each group
//   void each_square(const Block&, b, visit(i, F32))        then its blocks, b = 0, 1, …
//   void finish()                                           at the end of the run
template <class Format>
struct TablesFor {
  using type = DecodedTables<Format>;
};
template <IsCounted Format>
struct TablesFor<Format> {
  using type = CountedTables<Format>;
};
template <HasStoredSteps Format>
struct TablesFor<Format> {
  using type = SteppedTables<Format>;
};
template <IsCoded Format>
struct TablesFor<Format> {
  using type = JointTables<Format>;
};
template <class Format>
using TablesOf = typename TablesFor<Format>::type;

template <class Tables>
concept HasTable = requires { Tables::kTableSize; };

// ---- who is shown what

template <class Format>
struct FastPathOf {
  template <class Statistic>
  using TakesLanes = std::bool_constant<LooksAtLanes<Statistic, LaneGroup<Format>>>;
  template <class Statistic>
  using TakesSquares = std::bool_constant<LooksAtSquares<Statistic>>;

  template <class Statistic>
  static constexpr bool is_fed(StatisticList<>) {
    return false;
  }
  template <class Statistic, class First, class... Other>
  static constexpr bool is_fed(StatisticList<First, Other...>) {
    return __is_same(Statistic, First) || is_fed<Statistic>(StatisticList<Other...>{});
  }
  template <class Statistic>
  using HasNone = std::bool_constant<!TakesLanes<Statistic>::value && !TakesSquares<Statistic>::value &&
                                     !is_fed<Statistic>(typename TablesOf<Format>::Feeds{})>;
};

template <class Format, bool Full>
using LaneStatistics = Filtered<StatisticsOf<Full>, FastPathOf<Format>::template TakesLanes>;
template <class Format>
using SquareStatistics = Filtered<Rows, FastPathOf<Format>::template TakesSquares>;

// The statistics without a fast path.
template <class Format, bool Full>
class OtherStatistics {
  using All = Filtered<StatisticsOf<Full>, FastPathOf<Format>::template HasNone>;
  using OfValues = Filtered<All, AreOfValues>;
  using OfRows = Filtered<All, AreOfRows>;
  using OfBlocks = Filtered<All, BlocksOf<Format>::template Are>;
  static constexpr int kElements = Format::elements * Format::blocks_per_group;

 public:
  static void observe(const typename Format::Block* group, const Piece& run, int i, const Targets& targets) {
    if constexpr (!kIsEmpty<OfBlocks>) observe_blocks<Format>(OfBlocks{}, group, Format::blocks_per_group, targets);
    if constexpr (!kIsEmpty<OfValues> || !kIsEmpty<OfRows>) {
      alignas(64) float weights[kElements];
      for (int b = 0; b < Format::blocks_per_group; ++b) Format::decode(group[b], weights + b * Format::elements);
      const uint64_t offset = static_cast<uint64_t>(i) * kElements;
      const uint64_t column = run.column + offset;
      const Tile tile{{kElements, run.first + offset, run.row + column / run.columns, column % run.columns, run.columns,
                       run.sparsity_threshold},
                      weights,
                      weights,
                      kElements};
      if (targets.rows) {
        observe_finite_tile(OfValues{}, OfRows{}, tile, targets);
      } else {
        observe_finite_tile(OfValues{}, StatisticList<>{}, tile, targets);
      }
    }
  }
};

// ---- the walk

template <class Statistic>
struct SumsOf {
  Summing<Statistic> sums;
};

// Tables and squares: what a full profile has beyond the sums of lanes.
template <class Format, class List>
class FullObserver;

template <class Format, class... Row>
class FullObserver<Format, StatisticList<Row...>> {
  static_assert((Summing<Row>::may_add_squares(Format::magnitudes) && ...), "squares of weights leave float32");

 public:
  using Block = typename Format::Block;

  FullObserver(const Piece& piece, const Targets& targets)
      : tables_(targets),
        row_(piece.row),
        column_(piece.column),
        columns_(piece.columns),
        rows_(targets, piece),
        rows_wanted_(targets.rows) {}

  void observe(const Block* group, const Line& line, F64 lane_squares) {
    tables_.observe(group, line);
    if (!rows_wanted_) {
      for (int b = 0; b < Format::blocks_per_group; ++b) tables_.each_square(group[b], b, [](int, F32) {});
    } else if (columns_ - column_ >= kElements) {
      observe_in_one_row(group, lane_squares);
    } else {
      observe_in_rows(group, lane_squares);
    }
  }
  void leave() {  // a group to the observers of tiles
    if (!rows_wanted_) return;
    for (int b = 0; b < Format::blocks_per_group; ++b) pass(1);
  }
  void finish() { tables_.finish(); }

 private:
  static constexpr int kElements = Format::elements * Format::blocks_per_group;
  static constexpr int kLanesPerBlock = kLanes / Format::blocks_per_group;

  struct RowSums : SumsOf<Row>... {
    RowSums(const Targets& targets, const Piece& piece) : SumsOf<Row>{{targets.of<Row>(), piece}}... {}

    // body(objects that squares are shown to)
    template <class Body>
    void with_squares(uint64_t row, uint64_t column, double total, Body body) {
      body(SumsOf<Row>::sums.begin_squares(row, column, total)...);
    }
  };

  void observe_in_one_row(const Block* group, F64 lane_squares) {
    rows_.with_squares(row_, column_, sum(lane_squares), [&](auto... columns) {
      for (int b = 0; b < Format::blocks_per_group; ++b) {
        const int first = b * Format::elements;
        tables_.each_square(group[b], b, [&](int i, F32 square) { (columns.add_squares(first + i, square), ...); });
      }
    });
    pass(Format::blocks_per_group);
  }
  void observe_in_rows(const Block* group, F64 lane_squares) {
    alignas(64) double squares[kLanes];  // by lane of a quad
    store(squares, lane_squares);
    keep_in_memory(squares);
    for (int b = 0; b < Format::blocks_per_group; ++b) {
      rows_.with_squares(row_, column_, total(squares, b), [&](auto... columns) {
        tables_.each_square(group[b], b, [&](int i, F32 square) { (columns.add_squares(i, square), ...); });
      });
      pass(1);
    }
  }
  // Moves on by blocks of one row.
  void pass(int n_blocks) {
    column_ += static_cast<uint64_t>(n_blocks) * Format::elements;
    if (column_ < columns_) return;
    column_ = 0;
    ++row_;
  }
  static double total(const double* lanes, int block) {
    double sum = 0;
    for (int l = 0; l < kLanes; ++l) {
      if (Format::sub_block_of(l) / kLanesPerBlock == block) sum += lanes[l];
    }
    return sum;
  }

  TablesOf<Format> tables_;
  uint64_t row_;
  uint64_t column_;
  uint64_t columns_;
  RowSums rows_;
  bool rows_wanted_;
};

struct NoMore {  // in place of a FullObserver
  NoMore(const Piece&, const Targets&) {}
  void observe(const void*, const Line&, F64) const {}
  void leave() const {}
  void finish() const {}
};

// The sums of the statistics that take sums of integers.
template <class Format, class List>
class LaneObserver;

template <class Format, class... Statistic>
class LaneObserver<Format, StatisticList<Statistic...>> : SumsOf<Statistic>... {
 public:
  using Block = typename Format::Block;

  LaneObserver(const Piece& piece, const Targets& targets)
      : SumsOf<Statistic>{{targets.of<Statistic>(), piece}}..., targets_(targets) {
    const auto begin = [](auto& summing, const auto& earlier) {
      if constexpr (requires { summing.begin_lanes(earlier); }) summing.begin_lanes(earlier);
    };
    (begin(SumsOf<Statistic>::sums, *targets.of<Statistic>()), ...);
  }

  // False, and nothing is added, where the weights are not what the line says, or a code has no absolute value in a
  // byte. squares: Σw² of each lane, in the order of quads.
  [[gnu::always_inline]] bool observe(const Block* group, const Line& line, F64& squares) {
    if (!LaneGroup<Format>::is_exact(group, line)) return false;
    LaneGroup<Format> lanes(group, line);
    if (!lanes.is_usable()) return false;
    lanes.add_up();
    squares = lanes.sums().squares;
    (SumsOf<Statistic>::sums.add_lanes(lanes), ...);
    return true;
  }
  void finish(const LaneRun<Format>& run) {
    if (run.sub_blocks() > 0) (SumsOf<Statistic>::sums.finish_lanes(targets_.of<Statistic>(), run), ...);
  }

 private:
  const Targets& targets_;
};

template <class Format, bool Full>
uint32_t observe_run(const typename Format::Block* blocks, int groups, const Piece& piece, const Targets& targets) {
  LaneObserver<Format, LaneStatistics<Format, Full>> lanes(piece, targets);
  // NOLINTNEXTLINE(misc-const-correctness): where Full
  std::conditional_t<Full, FullObserver<Format, SquareStatistics<Format>>, NoMore> more(piece, targets);
  uint32_t left = 0;
  for (int i = 0; i < groups; ++i) {
    const auto* group = blocks + i * Format::blocks_per_group;
    prefetch_after(group, sizeof *group * Format::blocks_per_group);
    const Line line = Format::line(group);
    F64 squares;
    if (lanes.observe(group, line, squares)) {
      more.observe(group, line, squares);
      OtherStatistics<Format, Full>::observe(group, piece, i, targets);
    } else {
      left |= 1U << i;
      more.leave();
    }
  }
  more.finish();
  lanes.finish({blocks, groups, left, piece.first});
  return left;
}

template <class Format>
uint32_t observe_fused(const std::byte* bytes, int groups, const Piece& piece, const Targets& targets) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  return targets.full ? observe_run<Format, true>(blocks, groups, piece, targets)
                      : observe_run<Format, false>(blocks, groups, piece, targets);
}

}  // namespace
}  // namespace ggufscope
