// Norms of every row (an output neuron) and every column (an input channel).
//
// A row lies in one chunk, so its sum is complete there; columns run through all chunks, whose sums are added in
// file order.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "statistics/statistic.h"
#include "statistics/tile.h"

namespace ggufscope {

struct Norms {
  std::vector<double> row_squares;
  std::vector<double> column_squares;

  using Members = MemberList<&Norms::row_squares, &Norms::column_squares>;
  static constexpr Lifetime kLifetime = Lifetime::Chunk;
  static constexpr bool kFast = false;
  static constexpr FieldInfo kFields[] = {
      {"row_l2", "vector", "root of the sum of squares of each row", false},
      {"column_l2", "vector", "root of the sum of squares of each column", false},
  };

  struct Target {
    double* row_squares;     // by row of the chunk
    double* column_squares;  // by column
    // Column sums of a few rows in float32, which are not in column_squares yet: rows whose squares are far from the
    // ends of its range (statistics/tile.h, add_squares).
    float* few_rows;
    uint64_t few_rows_end;  // the row after them; 0: none have been added yet
    uint64_t columns;
  };

  void prepare(uint64_t rows, uint64_t columns) {
    row_squares.resize(rows);
    column_squares.resize(columns);
  }

  /// Rows go where they belong; columns are added to those of the whole when the chunk is.
  Target target(Norms& whole, const ChunkShape& chunk) {
    column_squares.assign(chunk.kept ? chunk.columns : 0, 0.0);
    if (!chunk.kept) return {};
    return {whole.row_squares.data() + chunk.first_row, column_squares.data(), chunk.column_sums, 0, chunk.columns};
  }

  // Rows of different tensors have nothing to do with one another: only `append` keeps them.
  void merge(const Norms&) {
    row_squares.clear();
    column_squares.clear();
  }

  /// Adds the following rows of the same tensor (its next expert), or the columns of a chunk. Throws
  /// std::invalid_argument, with nothing changed, where they have another number of columns.
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

template <>
struct Summing<Norms> {
  F64 total = broadcast(0.0);
  Norms::Target* into;
  double* row_total = nullptr;
  double* columns = nullptr;  // of the piece; moves on with it

  Summing(Norms::Target* target, const Piece&) : into(target) {}

  void begin_row(uint64_t row, uint64_t column) {
    total = broadcast(0.0);
    row_total = into->row_squares + row;
    columns = into->column_squares + column;
  }
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
  void end_row() const { *row_total += sum(total); }

  // Columns of a few rows, kept in registers meanwhile.
  template <int Columns>
  struct HeldColumns {
    float* from;
    F32 sums[Columns / kLanes];

    explicit HeldColumns(float* first) : from(first) {
      for (int i = 0; i < Columns; i += kLanes) sums[i / kLanes] = load(from + i);
    }
    void add_squares(int i, F32 squares) { sums[i / kLanes] = sums[i / kLanes] + squares; }
    void finish() const {
      for (int i = 0; i < Columns; i += kLanes) store(from + i, sums[i / kLanes]);
    }
  };
  struct Columns {  // of a few rows
    float* from;
    void add_squares(int i, F32 squares) const { store(from + i, load(from + i) + squares); }
    template <int Width>
    HeldColumns<Width> held() const {
      return HeldColumns<Width>(from);
    }
  };
  void add_row(uint64_t row, double squares) const { into->row_squares[row] += squares; }
  static uint64_t rows_at_once(uint64_t row) { return kRowsInFloat - row % kRowsInFloat; }
  Columns columns_of(uint64_t row, uint64_t column) const {
    if (row >= into->few_rows_end) [[unlikely]] {
      if (into->few_rows_end > 0) finish_chunk(*into);
      into->few_rows_end = (row / kRowsInFloat + 1) * kRowsInFloat;
    }
    return {into->few_rows + column};
  }

  // The columns of a few rows join those of all.
  [[gnu::noinline]] static void finish_chunk(Norms::Target& target) {
    if (target.few_rows_end == 0) return;
    uint64_t i = 0;
    for (; i + kLanes <= target.columns; i += kLanes) {
      store(target.column_squares + i, load(target.column_squares + i) + to_f64(load(target.few_rows + i)));
      store(target.few_rows + i, broadcast(0.0F));
    }
    for (; i < target.columns; ++i) {
      target.column_squares[i] += static_cast<double>(target.few_rows[i]);
      target.few_rows[i] = 0;
    }
  }

  // Whether squares of weights between these, and sums of as many as are added up, are float32 numbers of full
  // precision.
  static constexpr bool may_add_squares(Magnitudes weights) {
    return 2 * weights.least >= -126 && 2 * weights.below + kRowsInFloatBits < 128;
  }

 private:
  // Eight additions and a rounded square err by less than 6e-7, where 1e-6 is owed; then they join the float64 sums.
  static constexpr int kRowsInFloatBits = 3;
  static constexpr uint64_t kRowsInFloat = 1U << kRowsInFloatBits;
};

}  // namespace
#endif
}  // namespace ggufscope
