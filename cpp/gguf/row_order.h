// Rows in another order than they are stored in.
#pragma once

#include <cstdint>
#include <vector>

namespace ggufscope {

class RowOrder {
 public:
  /// Each of `heads` equal parts holds two halves, and gives a row of the first and a row of the second in turn:
  ///
  ///   stored  a₀ a₁ a₂ … b₀ b₁ b₂ …        given  a₀ b₀ a₁ b₁ a₂ b₂ …
  ///
  /// Rotary embeddings turn pairs of rows: of the halves as transformers stores them, of neighbours as llama.cpp does.
  /// Throws std::invalid_argument where heads do not divide the rows into halves.
  static RowOrder halves_to_pairs(uint64_t rows, uint64_t heads);

  /// The inverse.
  static RowOrder pairs_to_halves(uint64_t rows, uint64_t heads);

  /// Each place has the number of the row that it gives. Throws std::invalid_argument where there is no such row.
  static RowOrder listed(uint64_t rows, std::vector<uint64_t> places);

  /// Rows that are stored.
  uint64_t rows() const { return rows_; }

  /// Rows that are given.
  uint64_t size() const { return kind_ == Kind::listed ? places_.size() : rows_; }

  /// The row that is given in a place, below `size()`.
  uint64_t row(uint64_t place) const;

 private:
  enum class Kind { listed, halves_to_pairs, pairs_to_halves };

  RowOrder(Kind kind, uint64_t rows) : kind_(kind), rows_(rows) {}
  static RowOrder of_heads(Kind kind, uint64_t rows, uint64_t heads);

  Kind kind_;
  uint64_t rows_;
  uint64_t half_ = 0;  // rows of half a head
  std::vector<uint64_t> places_;
};

}  // namespace ggufscope
