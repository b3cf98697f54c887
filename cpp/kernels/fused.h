// All statistics of formats of integers in one walk over their blocks, a run of groups at a time: those that take sums
// of integers get them (lanes.h); the large tables are counted from codes where sub-blocks have more weights than codes
// (counted.h, placed.h, stepped.h), otherwise weight by weight, with one counter for bin and code (joint.h) or one for
// each; rows get squares. Any other statistic is shown the decoded weights or the blocks.
#pragma once

#include "kernels/blocks.h"
#include "kernels/counted.h"
#include "kernels/joint.h"
#include "kernels/lanes.h"
#include "kernels/placed.h"
#include "kernels/prefetch.h"
#include "kernels/stepped.h"
#include "kernels/tiles.h"

namespace ggufscope {
namespace {

template <class Format>
class DecodedTables {
 public:
  using Feeds = StatisticList<Histogram, Codes>;
  static constexpr bool kWaits = false;

  explicit DecodedTables(const Targets& targets) : histogram_(targets.of<Histogram>()), codes_(targets.of<Codes>()) {}

  void observe(int, const typename Format::Block* group, const Line&) {
    for (int b = 0; b < Format::blocks_per_group; ++b) codes_.add_block(group[b]);
  }
  template <class Visit>
  void each_square(int, const typename Format::Block& block, int, Visit visit) {
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
//   void observe(int slot, const Block* group, const Line&)      first, each group of a piece; slot = 0, 1, …
//   void each_square(int slot, const Block&, b, visit(i, F32))   then its blocks, b = 0, 1, …: after each group, in
//                                                                order, or
//   static constexpr bool kWaits = true                          after all groups of the piece, in any order
//   void finish()                                                at the end of the piece
//
// Where `observe` returns how often each code occurs, PackedCounts, sums are taken of those, and then:
//
//   void observe_range(const LaneGroup&)
template <class Format>
struct TablesFor {
  using type = DecodedTables<Format>;
};
template <IsCounted Format>
struct TablesFor<Format> {
  using type = CountedTables<Format>;
};
template <IsCounted Format>
  requires IsPlaced<Format>
struct TablesFor<Format> {
  using type = PlacedTables<Format>;
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

template <class Tables, class Lanes>
concept CountsCodes = requires(Tables tables, const Lanes& lanes) { tables.observe_range(lanes); };

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
  using Tables = TablesOf<Format>;

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

  // False, and nothing is counted, where lanes do not take the group.
  template <class Lanes>
  [[gnu::always_inline]] bool observe(int slot, const Block* group, const Line& line, Lanes& lanes) {
    if constexpr (CountsCodes<Tables, LaneGroup<Format>>) {
      LaneGroup<Format, CountedCodesOf<Format>> counted(group, line, tables_.observe(slot, group, line));
      lanes.add(counted);
      tables_.observe_range(counted);
      store(squares_[slot], counted.sums().squares);
    } else {
      LaneGroup<Format> shown(group, line);
      if (!lanes.add(shown)) return false;
      tables_.observe(slot, group, line);
      store(squares_[slot], shown.sums().squares);
    }
    return true;
  }
  // After each group, seen or left to the observers of tiles.
  void finish_group(int slot, const Block* group, bool seen) {
    if constexpr (!Tables::kWaits) add_squares(slot, group, seen);
  }
  // After all groups. Bit i of `left` is set where a group was left.
  void finish(const Block* blocks, int groups, uint64_t left) {
    if constexpr (Tables::kWaits) {
      if (rows_wanted_ && columns_ % kElements == 0 && column_ % kElements == 0) {
        add_squares_by_column(blocks, groups, left);
      } else {
        for (int i = 0; i < groups; ++i) add_squares(i, blocks + i * Format::blocks_per_group, (left >> i & 1U) == 0);
      }
    }
    tables_.finish();
  }

 private:
  static constexpr int kElements = Format::elements * Format::blocks_per_group;
  static constexpr int kLanesPerBlock = kLanes / Format::blocks_per_group;

  struct RowSums : SumsOf<Row>... {
    RowSums(const Targets& targets, const Piece& piece) : SumsOf<Row>{{targets.of<Row>(), piece}}... {}

    void add_row(uint64_t row, double total) { (SumsOf<Row>::sums.add_row(row, total), ...); }
    // body(objects that squares are shown to)
    template <class Body>
    void with_columns(uint64_t row, uint64_t column, Body body) {
      body(SumsOf<Row>::sums.columns_of(row, column)...);
    }
    uint64_t rows_at_once(uint64_t row) {
      uint64_t rows = ~uint64_t{0};
      ((rows = SumsOf<Row>::sums.rows_at_once(row) < rows ? SumsOf<Row>::sums.rows_at_once(row) : rows), ...);
      return rows;
    }
  };

  // In the order of groups.
  void add_squares(int slot, const Block* group, bool seen) {
    if (!rows_wanted_) {
      for (int b = 0; b < Format::blocks_per_group && seen; ++b) {
        tables_.each_square(slot, group[b], b, [](int, F32) {});
      }
    } else if (!seen) {
      for (int b = 0; b < Format::blocks_per_group; ++b) pass(1);
    } else if (columns_ - column_ >= kElements) {
      add_squares_of_one_row(slot, group);
    } else {
      add_squares_of_rows(slot, group);
    }
  }
  void add_squares_of_one_row(int slot, const Block* group) {
    rows_.add_row(row_, sum(load(squares_[slot])));
    rows_.with_columns(row_, column_, [&](auto... columns) {
      for (int b = 0; b < Format::blocks_per_group; ++b) {
        const int first = b * Format::elements;
        tables_.each_square(slot, group[b], b,
                            [&](int i, F32 square) { (columns.add_squares(first + i, square), ...); });
      }
    });
    pass(Format::blocks_per_group);
  }
  void add_squares_of_rows(int slot, const Block* group) {
    keep_in_memory(squares_[slot]);
    for (int b = 0; b < Format::blocks_per_group; ++b) {
      rows_.add_row(row_, total(squares_[slot], b));
      rows_.with_columns(row_, column_, [&](auto... columns) {
        tables_.each_square(slot, group[b], b, [&](int i, F32 square) { (columns.add_squares(i, square), ...); });
      });
      pass(1);
    }
  }

  // Where groups lie one below the other: the sums of a block's columns stay in registers for all rows of the piece.
  void add_squares_by_column(const Block* blocks, int groups, uint64_t left) {
    const uint64_t per_row = columns_ / kElements;
    const auto n_groups = static_cast<uint64_t>(groups);
    uint64_t row = row_;
    for (uint64_t first = 0, position = column_ / kElements; first < n_groups;) {
      const uint64_t in_rows = rows_.rows_at_once(row) * per_row - position;
      const uint64_t end = in_rows < n_groups - first ? first + in_rows : n_groups;
      add_row_sums(first, end, row, position, left);
      for (uint64_t i = first; i < end && i < first + per_row; ++i) {
        const uint64_t column = (position + (i - first)) % per_row * kElements;
        for (int b = 0; b < Format::blocks_per_group; ++b) add_column(blocks, b, i, end, row, column, left);
      }
      position = (position + (end - first)) % per_row;
      row += rows_.rows_at_once(row);
      first = end;
    }
  }
  void add_row_sums(uint64_t first, uint64_t end, uint64_t row, uint64_t position, uint64_t left) {
    const uint64_t per_row = columns_ / kElements;
    for (uint64_t i = first; i < end; ++i) {
      if ((left >> i & 1U) == 0) rows_.add_row(row + (position + (i - first)) / per_row, sum(load(squares_[i])));
    }
  }
  // Block b of groups first, first + per row, …
  void add_column(const Block* blocks, int b, uint64_t first, uint64_t end, uint64_t row, uint64_t column,
                  uint64_t left) {
    const auto walk = [&](auto... held) {
      for (uint64_t i = first; i < end; i += columns_ / kElements) {
        if ((left >> i & 1U) != 0) continue;
        tables_.each_square(static_cast<int>(i), blocks[i * Format::blocks_per_group + b], b,
                            [&](int k, F32 square) { (held.add_squares(k, square), ...); });
      }
      (held.finish(), ...);
    };
    rows_.with_columns(row, column + static_cast<uint64_t>(b) * Format::elements,
                       [&](auto... columns) { walk(columns.template held<Format::elements>()...); });
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

  Tables tables_;
  alignas(64) double squares_[kGroupsPerPiece][kLanes];  // Σw² by lane of a quad
  uint64_t row_;
  uint64_t column_;
  uint64_t columns_;
  RowSums rows_;
  bool rows_wanted_;
};

template <class Format>
struct NoMore {  // in place of a FullObserver
  NoMore(const Piece&, const Targets&) {}
  template <class Lanes>
  [[gnu::always_inline]] bool observe(int, const typename Format::Block* group, const Line& line, Lanes& lanes) const {
    LaneGroup<Format> shown(group, line);
    return lanes.add(shown);
  }
  void finish_group(int, const void*, bool) const {}
  void finish(const void*, int, uint64_t) const {}
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

  // False, and nothing is added, where a code has no absolute value in a byte.
  template <class Lanes>
  [[gnu::always_inline]] bool add(Lanes& lanes) {
    if (!lanes.is_usable()) return false;
    lanes.add_up();
    (SumsOf<Statistic>::sums.add_lanes(lanes), ...);
    return true;
  }
  void finish(const LaneRun<Format>& run) {
    if (run.sub_blocks() > 0) (SumsOf<Statistic>::sums.finish_lanes(targets_.of<Statistic>(), run), ...);
  }

 private:
  const Targets& targets_;
};

// The sums of some groups of a piece, from `first` on, and what else is seen of them on the way. Sums are merged with
// others run by run.
constexpr int kGroupsPerRun = 16;

template <class Format, bool Full, class More>
uint32_t observe_run(const typename Format::Block* blocks, int first, int groups, const Piece& piece,
                     const Targets& targets, More& more) {
  LaneObserver<Format, LaneStatistics<Format, Full>> lanes(piece, targets);
  uint32_t left = 0;
  for (int i = 0; i < groups; ++i) {
    const auto* group = blocks + (first + i) * Format::blocks_per_group;
    prefetch_after(group, sizeof *group * Format::blocks_per_group);
    const Line line = Format::line(group);
    const bool seen = LaneGroup<Format>::is_exact(group, line) && more.observe(first + i, group, line, lanes);
    if (seen) {
      OtherStatistics<Format, Full>::observe(group, piece, first + i, targets);
    } else {
      left |= 1U << i;
    }
    more.finish_group(first + i, group, seen);
  }
  const uint64_t skipped = static_cast<uint64_t>(first) * Format::sub_block_elements * kLanes;
  lanes.finish({blocks + first * Format::blocks_per_group, groups, left, piece.first + skipped});
  return left;
}

template <class Format, bool Full>
uint64_t observe_piece(const typename Format::Block* blocks, int groups, const Piece& piece, const Targets& targets) {
  using More = std::conditional_t<Full, FullObserver<Format, SquareStatistics<Format>>, NoMore<Format>>;
  More more(piece, targets);  // NOLINT(misc-const-correctness): where Full
  uint64_t left = 0;
  for (int first = 0; first < groups; first += kGroupsPerRun) {
    const int n = groups - first < kGroupsPerRun ? groups - first : kGroupsPerRun;
    left |= uint64_t{observe_run<Format, Full>(blocks, first, n, piece, targets, more)} << first;
  }
  more.finish(blocks, groups, left);
  return left;
}

template <class Format>
uint64_t observe_fused(const std::byte* bytes, int groups, const Piece& piece, const Targets& targets) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  return targets.full ? observe_piece<Format, true>(blocks, groups, piece, targets)
                      : observe_piece<Format, false>(blocks, groups, piece, targets);
}

}  // namespace
}  // namespace ggufscope
