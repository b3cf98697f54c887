// Norms of every row (an output neuron) and every column (an input channel).
//
// A row lies in one chunk, so its sum is complete there; columns run through all chunks, whose sums are added in
// file order.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "statistics/field.h"
#include "statistics/tile.h"

namespace ggufscope {

struct Norms {
  std::vector<double> row_squares;
  std::vector<double> column_squares;

  using Members = MemberList<&Norms::row_squares, &Norms::column_squares>;
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

  /// Adds the following rows of the same tensor (its next expert). Throws std::invalid_argument, with nothing changed,
  /// where they have another number of columns.
  void append(const Norms& later) {
    if (!column_squares.empty() && !later.column_squares.empty() &&
        column_squares.size() != later.column_squares.size()) {
      throw std::invalid_argument("rows of " + std::to_string(column_squares.size()) + " columns and of " +
                                  std::to_string(later.column_squares.size()) + " are not of the same tensor");
    }
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

// Of a tile's piece of one row.
template <>
struct Summing<Norms> {
  F64 total = broadcast(0.0);
  double* columns;  // of the piece; moves on with it

  explicit Summing(double* of_piece) : columns(of_piece) {}

  void add(const Group& group, AllLanes) {
    const F64 square = group.wide * group.wide;
    total = total + square;
    store(columns, load(columns) + square);
    columns += kLanes;
  }
  void add(const Group& group, Mask valid) {
    double squares[kLanes];
    store(squares, group.wide * group.wide);
    total = total + load(squares);
    for (int l = 0; l < count(valid); ++l) columns[l] += squares[l];
  }
};

// Column sums of a few rows in float32: rows whose squares are far from the ends of its range. Eight additions and a
// rounded square err by less than 6e-7, where 1e-6 is owed; then they join the float64 sums.
inline constexpr int kRowsInFloat = 8;

inline void flush_columns(float* few_rows, double* columns, uint64_t n) {
  uint64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store(columns + i, load(columns + i) + to_f64(load(few_rows + i)));
    store(few_rows + i, broadcast(0.0F));
  }
  for (; i < n; ++i) {
    columns[i] += static_cast<double>(few_rows[i]);
    few_rows[i] = 0;
  }
}

}  // namespace
#endif
}  // namespace ggufscope
