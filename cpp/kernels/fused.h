// All statistics of formats of integers in one walk over their blocks, a run of groups at a time: values from integer
// sums (integers.h); the large tables from counted codes where sub-blocks have more weights than codes (counted.h,
// stepped.h), otherwise weight by weight, with one counter for bin and code (joint.h) or one for each; and norms.
#pragma once

#include "kernels/codes.h"
#include "kernels/counted.h"
#include "kernels/integers.h"
#include "kernels/joint.h"
#include "kernels/prefetch.h"
#include "kernels/stepped.h"

namespace ggufscope {
namespace {

template <class Format>
class DecodedTables {
 public:
  explicit DecodedTables(FusedRun& run) : histogram_(run.histogram), run_(run) {}

  void observe(const typename Format::Block* group, const Line&) {
    for (int b = 0; b < Format::blocks_per_group; ++b) codes_.add(group[b], *run_.codes);
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
    codes_.finish(*run_.codes);
  }

 private:
  Summing<Histogram> histogram_;
  FusedRun& run_;
  CodeTables<Format> codes_;
};

// Moves on by blocks of one row.
template <class Format>
void pass(FusedRun& run, int n_blocks) {
  run.column += static_cast<uint64_t>(n_blocks) * Format::elements;
  if (run.column < run.columns) return;
  run.column = 0;
  ++run.row;
}

// The columns of the block's row.
inline float* columns_of_few_rows(FusedRun& run) {
  if (run.row / kRowsInFloat != run.few_rows_are) {
    flush_columns(run.few_rows, run.column_squares, run.columns);
    run.few_rows_are = run.row / kRowsInFloat;
  }
  return run.few_rows + run.column;
}

// The large tables of a format, and the squares of its weights on the way:
//
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
template <HasHalfSteps Format>
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

// What a full profile has beyond the values.
template <class Format, class Tables>
class FullObserver {
 public:
  using Block = typename Format::Block;

  explicit FullObserver(FusedRun& run) : run_(run), tables_(run) {}

  void observe(const Block* group, const Line& line, F64 lane_squares) {
    tables_.observe(group, line);
    if (run_.row_squares == nullptr) {
      for (int b = 0; b < Format::blocks_per_group; ++b) tables_.each_square(group[b], b, [](int, F32) {});
    } else if (run_.columns - run_.column >= kElements) {
      observe_in_one_row(group, lane_squares);
    } else {
      observe_in_rows(group, lane_squares);
    }
  }
  void leave() {  // a group to the observers of tiles
    if (run_.row_squares == nullptr) return;
    for (int b = 0; b < Format::blocks_per_group; ++b) pass<Format>(run_, 1);
  }
  void finish() { tables_.finish(); }

 private:
  static constexpr int kElements = Format::elements * Format::blocks_per_group;
  static constexpr int kLanesPerBlock = kLanes / Format::blocks_per_group;

  void observe_in_one_row(const Block* group, F64 lane_squares) {
    run_.row_squares[run_.row] += sum(lane_squares);
    float* const columns = columns_of_few_rows(run_);
    for (int b = 0; b < Format::blocks_per_group; ++b) add_squares(group, b, columns + b * Format::elements);
    pass<Format>(run_, Format::blocks_per_group);
  }
  void observe_in_rows(const Block* group, F64 lane_squares) {
    alignas(64) double squares[kLanes];  // by lane of a quad
    store(squares, lane_squares);
    keep_in_memory(squares);
    for (int b = 0; b < Format::blocks_per_group; ++b) {
      run_.row_squares[run_.row] += total(squares, b);
      add_squares(group, b, columns_of_few_rows(run_));
      pass<Format>(run_, 1);
    }
  }
  void add_squares(const Block* group, int b, float* columns) {
    tables_.each_square(group[b], b, [&](int i, F32 square) { store(columns + i, load(columns + i) + square); });
  }
  static double total(const double* lanes, int block) {
    double sum = 0;
    for (int l = 0; l < kLanes; ++l) {
      if (Format::sub_block_of(l) / kLanesPerBlock == block) sum += lanes[l];
    }
    return sum;
  }
  FusedRun& run_;
  Tables tables_;
};

struct NoMore {  // in place of a FullObserver
  explicit NoMore(FusedRun&) {}
  void observe(const void*, const Line&, F64) const {}
  void leave() const {}
  void finish() const {}
};

template <class Format>
uint64_t first_position(const typename Format::Block* blocks, uint64_t n_blocks, float magnitude, uint64_t first) {
  float weights[Format::elements];
  for (uint64_t i = 0; i < n_blocks; ++i) {
    Format::decode(blocks[i], weights);
    for (int j = 0; j < Format::elements; ++j) {
      if (__builtin_fabsf(weights[j]) == magnitude) return first + i * Format::elements + j;
    }
  }
  return first;  // not reached: the magnitude was found among these weights
}

template <class Format, class More>
uint32_t observe_run(const typename Format::Block* blocks, int groups, FusedRun& run) {
  IntegerValues<Format> values(run);
  More more(run);
  uint32_t left = 0;
  for (int i = 0; i < groups; ++i) {
    const auto* group = blocks + i * Format::blocks_per_group;
    prefetch_after(group, sizeof *group * Format::blocks_per_group);
    const Line line = Format::line(group);
    F64 squares;
    if (values.observe(group, line, squares)) {
      more.observe(group, line, squares);
    } else {
      left |= 1U << i;
      more.leave();
    }
  }
  more.finish();
  const auto position = [&](float magnitude) {
    return first_position<Format>(blocks, static_cast<uint64_t>(groups) * Format::blocks_per_group, magnitude,
                                  run.first);
  };
  const auto show_all = [&](auto visit) {
    for (int i = 0; i < groups; ++i) {
      if ((left >> i & 1U) != 0) continue;
      each_weight<Format>(blocks + i * Format::blocks_per_group, [&](F32 w) { visit(to_f64(w), AllLanes{}); });
    }
  };
  values.finish(position, show_all);
  return left;
}

template <class Format>
uint32_t observe_fused(const std::byte* bytes, int groups, FusedRun& run) {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(bytes);
  if (run.histogram == nullptr) return observe_run<Format, NoMore>(blocks, groups, run);
  return observe_run<Format, FullObserver<Format, TablesOf<Format>>>(blocks, groups, run);
}

}  // namespace
}  // namespace ggufscope
