// Norms of every row (an output neuron) and every column (an input channel).
//
// A row lies in one chunk, so its sum is complete there; columns run through all chunks, whose sums are added in
// file order.
#pragma once

#include <cmath>
#include <vector>

#include "statistics/field.h"
#include "statistics/tile.h"

namespace ggufscope {

struct Norms {
  std::vector<double> row_squares;
  std::vector<double> column_squares;

  static constexpr bool kFast = false;
  static constexpr FieldInfo kFields[] = {
      {"row_l2", "vector", "root of the sum of squares of each row", false},
      {"column_l2", "vector", "root of the sum of squares of each column", false},
  };

  // Rows of different tensors have nothing to do with one another: only `append` keeps them.
  void merge(const Norms&) {
    row_squares.clear();
    column_squares.clear();
  }

  /// Adds the following rows of the same tensor (its next expert).
  void append(const Norms& later) {
    row_squares.insert(row_squares.end(), later.row_squares.begin(), later.row_squares.end());
    if (column_squares.empty()) column_squares.assign(later.column_squares.size(), 0.0);
    for (size_t i = 0; i < later.column_squares.size(); ++i) column_squares[i] += later.column_squares[i];
  }

  template <class All>
  void write(const All&, Fields& out) const {
    if (row_squares.empty()) return;
    out.set("row_l2", roots(row_squares));
    out.set("column_l2", roots(column_squares));
  }

 private:
  static std::vector<double> roots(std::vector<double> squares) {
    for (double& x : squares) x = std::sqrt(x);
    return squares;
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

// Adds the squares of one row's piece to its row and, elementwise, to its columns.
inline double observe_row_piece(const double* values, size_t count, double* columns) {
  F64 total = broadcast(0.0);
  const size_t whole = count / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    const F64 x = load(values + i);
    const F64 squared = x * x;
    total = total + squared;
    store(columns + i, load(columns + i) + squared);
  }
  double result = sum(total);
  for (size_t i = whole; i < count; ++i) {
    const double squared = values[i] * values[i];
    result += squared;
    columns[i] += squared;
  }
  return result;
}

inline void observe_norms(const Tile& tile, double* row_squares, double* column_squares) {
  uint64_t row = tile.row;
  uint64_t column = tile.column;
  for (size_t done = 0; done < tile.count;) {
    const uint64_t left = tile.columns - column;
    const size_t piece = left < tile.count - done ? static_cast<size_t>(left) : tile.count - done;
    row_squares[row] += observe_row_piece(tile.wide + done, piece, column_squares + column);
    done += piece;
    column = 0;
    ++row;
  }
}

}  // namespace
#endif
}  // namespace ggufscope
