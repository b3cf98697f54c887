// All statistics of formats of integers in one walk over their blocks, a run of groups at a time: values from integer
// sums (integers.h), the large tables from counted codes where sub-blocks have more weights than codes (counted.h),
// otherwise weight by weight, and norms.
#pragma once

#include "kernels/codes.h"
#include "kernels/counted.h"
#include "kernels/integers.h"
#include "kernels/prefetch.h"
#include "kernels/stepped.h"

namespace ggufscope {
namespace {

template <class Format>
class DecodedTables {
 public:
  static constexpr bool kSeesWeights = true;

  explicit DecodedTables(FusedRun& run) : histogram_(run.histogram), run_(run) {}

  void observe(const typename Format::Block* group, const Line&) {
    for (int b = 0; b < Format::blocks_per_group; ++b) codes_.add(group[b], *run_.codes);
  }
  // Each sixteen weights; only where kSeesWeights.
  void show(F32 weights) { histogram_.add(Group{weights, {}}, AllLanes{}); }
  void finish() {
    histogram_.finish();
    codes_.finish(*run_.codes);
  }

 private:
  Summing<Histogram> histogram_;
  FusedRun& run_;
  CodeTables<Format> codes_;
};

// Squares of sixteen weights, from 0 on: visit(i, F32).
template <class Format, class Visit>
void each_square(const typename Format::Block& block, Visit visit) {
  if constexpr (kPicksAtOnce && requires { Format::each_square(block, visit); }) {
    Format::each_square(block, visit);
  } else {
    alignas(64) float weights[Format::elements];
    Format::decode(block, weights);
    for (int i = 0; i < Format::elements; i += kLanes) visit(i, load(weights + i) * load(weights + i));
  }
}

template <class Format>
concept IsCounted = requires(const typename Format::Block* group) { Format::planes(group); };

// Moves on by one block.
template <class Format>
void pass(FusedRun& run) {
  run.column += Format::elements;
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

// What a full profile has beyond the values. Tables: SteppedTables, CountedTables or DecodedTables.
template <class Format, class Tables>
class FullObserver {
 public:
  using Block = typename Format::Block;

  explicit FullObserver(FusedRun& run) : run_(run), tables_(run) {}

  void observe(const Block* group, const Line& line, F64 lane_squares) {
    alignas(64) double squares[kLanes];  // by lane of a quad
    store(squares, lane_squares);
    keep_in_memory(squares);
    tables_.observe(group, line);
    for (int b = 0; b < Format::blocks_per_group; ++b) {
      if (run_.row_squares == nullptr) {
        if constexpr (Tables::kSeesWeights) show_all(group[b], [](int, F32) {});
        continue;
      }
      run_.row_squares[run_.row] += total(squares, b);
      float* columns = columns_of_few_rows(run_);
      const auto add_square = [&](int i, F32 square) { store(columns + i, load(columns + i) + square); };
      if constexpr (Tables::kSeesWeights) {
        show_all(group[b], [&](int i, F32 w) { add_square(i, w * w); });
      } else {
        each_square<Format>(group[b], add_square);
      }
      pass<Format>(run_);
    }
  }
  void leave() {  // a group to the observers of tiles
    if (run_.row_squares == nullptr) return;
    for (int b = 0; b < Format::blocks_per_group; ++b) pass<Format>(run_);
  }
  void finish() { tables_.finish(); }

 private:
  static constexpr int kLanesPerBlock = kLanes / Format::blocks_per_group;

  static double total(const double* lanes, int block) {
    double sum = 0;
    for (int l = 0; l < kLanes; ++l) {
      if (Format::sub_block_of(l) / kLanesPerBlock == block) sum += lanes[l];
    }
    return sum;
  }
  template <class Visit>
  void show_all(const Block& block, Visit visit) {
    alignas(64) float weights[Format::elements];
    Format::decode(block, weights);
    for (int i = 0; i < Format::elements; i += kLanes) {
      const F32 w = load(weights + i);
      tables_.show(w);
      visit(i, w);
    }
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
  if constexpr (HasHalfSteps<Format>) {
    return observe_run<Format, FullObserver<Format, SteppedTables<Format>>>(blocks, groups, run);
  } else if constexpr (IsCounted<Format>) {
    return observe_run<Format, FullObserver<Format, CountedTables<Format>>>(blocks, groups, run);
  } else {
    return observe_run<Format, FullObserver<Format, DecodedTables<Format>>>(blocks, groups, run);
  }
}

}  // namespace
}  // namespace ggufscope
