// The squared error of every row (an output neuron) and every column (an input channel), and the squares of the
// reference that it is held against.
//
// A row lies in one chunk, so its sum is complete there; columns run through all chunks, whose sums are added in file
// order.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "statistics/field.h"
#include "statistics/pair.h"

namespace ggufscope {

struct DifferenceVectors {
  std::vector<double> row_errors;
  std::vector<double> row_references;
  std::vector<double> column_errors;
  std::vector<double> column_references;

  using Members = MemberList<&DifferenceVectors::row_errors, &DifferenceVectors::row_references,
                             &DifferenceVectors::column_errors, &DifferenceVectors::column_references>;
  static constexpr FieldInfo kFields[] = {
      {"row_error_squares", "vector", "sum of (b - a)^2 of each row", false},
      {"row_reference_squares", "vector", "sum of a^2 of each row", false},
      {"column_error_squares", "vector", "sum of (b - a)^2 of each column", false},
      {"column_reference_squares", "vector", "sum of a^2 of each column", false},
  };

  struct Target {  // nullptr: vectors longer than those of any model are not made
    double* row_errors;
    double* row_references;
    double* column_errors;
    double* column_references;
  };

  /// Zeros for that many rows, none where `rows` is 0.
  void begin_chunk(uint64_t rows, uint64_t columns) {
    row_errors.assign(rows, 0.0);
    row_references.assign(rows, 0.0);
    column_errors.assign(rows == 0 ? 0 : columns, 0.0);
    column_references.assign(rows == 0 ? 0 : columns, 0.0);
  }
  Target target() {
    if (row_errors.empty()) return {};
    return {row_errors.data(), row_references.data(), column_errors.data(), column_references.data()};
  }
  bool is_sound() const {
    return row_errors.size() == row_references.size() && column_errors.size() == column_references.size() &&
           row_errors.empty() == column_errors.empty();
  }

  // Rows of different tensors have nothing to do with one another: only `append` keeps them.
  void merge(const DifferenceVectors&) { begin_chunk(0, 0); }

  /// Adds the following rows of the same tensor. Throws std::invalid_argument, with nothing changed, where they have
  /// another number of columns.
  void append(const DifferenceVectors& later) {
    if (!column_errors.empty() && !later.column_errors.empty() && column_errors.size() != later.column_errors.size()) {
      throw std::invalid_argument("rows of " + std::to_string(column_errors.size()) + " columns and of " +
                                  std::to_string(later.column_errors.size()) + " are not of the same tensor");
    }
    row_errors.insert(row_errors.end(), later.row_errors.begin(), later.row_errors.end());
    row_references.insert(row_references.end(), later.row_references.begin(), later.row_references.end());
    add(column_errors, later.column_errors);
    add(column_references, later.column_references);
  }

  template <class All>
  void write(const All&, Fields& out) const {
    if (row_errors.empty()) return;
    out.set("row_error_squares", row_errors);
    out.set("row_reference_squares", row_references);
    out.set("column_error_squares", column_errors);
    out.set("column_reference_squares", column_references);
  }

 private:
  static void add(std::vector<double>& sums, const std::vector<double>& later) {
    if (sums.empty()) sums.assign(later.size(), 0.0);
    for (size_t i = 0; i < later.size(); ++i) sums[i] += later[i];
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

template <>
struct Pairing<DifferenceVectors> {
  double* column_errors = nullptr;  // of the piece; moves on with it
  double* column_references = nullptr;
  DifferenceVectors::Target target;

  Pairing(const PairTile&, PairTarget<DifferenceVectors> into) : target(into.to) {}

  void begin_row(uint64_t, uint64_t column) {
    if (target.row_errors == nullptr) return;
    column_errors = target.column_errors + column;
    column_references = target.column_references + column;
  }
  template <class Valid>
  void add_pair(const PairGroup& pair, Valid) {  // pairs that do not count are zeros, which add nothing
    if (target.row_errors == nullptr) return;
    if (pair.count == kLanes) {
      store(column_errors, load(column_errors) + pair.error_squares);
      store(column_references, load(column_references) + pair.reference_squares);
    } else {
      add_rest(pair.error_squares, pair.reference_squares, pair.count);
    }
    column_errors += pair.count;
    column_references += pair.count;
  }
  void end_row(uint64_t row, const PairRow& sums) const {
    if (target.row_errors == nullptr) return;
    target.row_errors[row] += sums.error_squares;
    target.row_references[row] += sums.reference_squares;
  }
  void finish(uint64_t) const {}

 private:
  void add_rest(F64 error, F64 reference, int count) const {
    double errors_of[kLanes];
    double references_of[kLanes];
    store(errors_of, error);
    store(references_of, reference);
    for (int l = 0; l < count; ++l) {
      column_errors[l] += errors_of[l];
      column_references[l] += references_of[l];
    }
  }
};

}  // namespace
#endif
}  // namespace ggufscope
