// Shows a tile of decoded weights to statistics of values and rows, in one loop for all of them: see statistics/tile.h.
#pragma once

#include "kernels/lists.h"

namespace ggufscope {
namespace {

// body(values of a row's piece, how many, its row, its column)
template <class Body>
void each_row_piece(const Piece& piece, const float* values, size_t n, Body body) {
  uint64_t row = piece.row;
  uint64_t column = piece.column;
  for (size_t done = 0; done < n; ++row, column = 0) {
    const uint64_t left = piece.columns - column;
    const size_t in_row = left < n - done ? static_cast<size_t>(left) : n - done;
    body(values + done, in_row, row, column);
    done += in_row;
  }
}

// The sums of statistics are parameters of lambdas, so that each is a variable of its own: the compiler keeps those in
// registers.
template <class... Value, class... Row>
void observe_rows(StatisticList<Value...>, StatisticList<Row...>, const Tile& tile, const float* weights,
                  const Targets& targets) {
  const auto walk = [&](Summing<Value>... values) {
    each_row_piece(tile, weights, tile.count, [&](const float* piece, size_t n, uint64_t row, uint64_t column) {
      const auto walk_row = [&](Summing<Row>... rows) {
        (rows.begin_row(row, column), ...);
        each_group(piece, n, [&](F32 x, auto valid) {
          const Group group{x, to_f64(x)};
          (values.add(group, valid), ...);
          (rows.add(group, valid), ...);
        });
        (rows.end_row(), ...);
      };
      walk_row(Summing<Row>(targets.of<Row>(), tile)...);
    });
    (values.finish(targets.of<Value>(), tile), ...);
  };
  walk(Summing<Value>(targets.of<Value>(), tile)...);
}

template <class... Value>
void observe_values(StatisticList<Value...>, const Tile& tile, const Targets& targets) {
  const auto walk = [&](Summing<Value>... values) {
    each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) {
      const Group group{x, to_f64(x)};
      (values.add(group, valid), ...);
    });
    (values.finish(targets.of<Value>(), tile), ...);
  };
  walk(Summing<Value>(targets.of<Value>(), tile)...);
}

// Values and rows in one loop. Groups begin anew with each row, so a row must be long enough to fill some.
constexpr uint64_t kNarrow = 64;

// Of finite weights. `rows` may be an empty list.
template <class Values, class Rows>
void observe_finite_tile(Values values, Rows rows, const Tile& tile, const Targets& targets) {
  if (tile.columns >= kNarrow) {
    observe_rows(values, rows, tile, tile.values, targets);
    return;
  }
  observe_values(values, tile, targets);
  if constexpr (!kIsEmpty<Rows>) observe_rows(StatisticList<>{}, rows, tile, tile.values, targets);
}

}  // namespace
}  // namespace ggufscope
