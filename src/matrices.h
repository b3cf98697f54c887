// Tensors as the matrices that the core reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "gguf/error.h"
#include "gguf/model.h"
#include "stream/blocks.h"

namespace ggufscope {

/// Factors of a tensor: one for all of it, or one for each of its equal parts; or a grid, of rows and columns of one
/// factor, in which matrices follow each other.
using GridOfFactors = std::tuple<uint64_t, uint64_t, std::vector<float>>;
using GivenFactors = std::variant<GridOfFactors, std::vector<float>>;

/// Those of a model's tensors, by their index.
using TensorFactors = std::map<size_t, GivenFactors>;

/// A tensor as matrices: one, or one per expert where three dimensions are plausibly that. A convolution's many small
/// kernels are the rows of one matrix instead; so is whatever a hostile shape claims.
struct Matrices {
  static constexpr uint64_t kMostExperts = 4096;
  static constexpr uint64_t kLeastElements = 4096;

  uint64_t count = 1;
  uint64_t rows = 1;
  uint64_t columns = 1;
  uint64_t stacked = 1;  // matrices of the tensor that are rows of one here, where grids of factors belong to each

  explicit Matrices(const TensorInfo& info) {
    const auto& shape = info.shape;
    columns = shape.empty() ? 1 : shape.back();
    rows = columns == 0 ? 0 : info.n_elements / columns;
    if (shape.size() != 3 || info.n_elements == 0) return;
    if (shape[0] > kMostExperts || info.n_elements / shape[0] < kLeastElements) {
      stacked = shape[0];
      return;
    }
    count = shape[0];
    rows = shape[1];
  }

  /// One matrix of a buffer.
  Matrices(uint64_t of_rows, uint64_t of_columns) : rows(of_rows), columns(of_columns) {}

  uint64_t elements() const { return rows * columns; }  // of one matrix

  /// Matrix i of the tensor, read from its file.
  BlockMatrix at(const Model& model, const TensorInfo& info, uint64_t i) const {
    const uint64_t size = elements() / info.type->elements_per_block * info.type->bytes_per_block;
    const ByteSource* file = &model.input(info);
    return {info.type, rows, columns, nullptr, file, info.offset + i * size, model.swapped()};
  }

  /// The matrix of tensor `index`, with its factors. Throws std::invalid_argument where these do not fit it.
  BlockMatrix at(const Model& model, size_t index, uint64_t i, const TensorFactors& factors) const {
    BlockMatrix matrix = at(model, model.tensors().at(index), i);
    if (const auto own = factors.find(index); own != factors.end()) matrix.factors = factors_at(i, own->second);
    return matrix;
  }

  /// The factors of matrix i, from those of the tensor; none where all are 1. Throws std::invalid_argument where they
  /// do not fit it.
  Factors factors_at(uint64_t i, const GivenFactors& of_tensor) const {
    const auto* grid = std::get_if<GridOfFactors>(&of_tensor);
    Factors own = grid == nullptr ? parts_at(i, std::get<std::vector<float>>(of_tensor)) : grid_at(i, *grid);
    return std::ranges::all_of(own.values, [](float x) { return x == 1; }) ? Factors{} : own;
  }

  // Rows of one head, or of gate or up in a matrix that holds both; 0 where there are more of these, or smaller ones,
  // than any model has: each costs memory.
  uint64_t head_rows(uint64_t group_rows) const {
    const uint64_t most_groups = count > 1 ? 2 : 4096;  // of an expert, or of a tensor
    constexpr uint64_t least_elements = 32;
    if (group_rows == 0 || rows / group_rows > most_groups) return 0;
    return std::min(rows, group_rows) * columns < least_elements ? 0 : group_rows;
  }

 private:
  Factors parts_at(uint64_t i, const std::vector<float>& of_tensor) const {
    std::vector<float> own = of_tensor;
    if (of_tensor.size() > 1 && count > 1) {
      if (of_tensor.size() % count != 0) throw std::invalid_argument("factors do not divide among the matrices");
      own = part_of(of_tensor, i, count);
    }
    if (own.empty() || rows % own.size() != 0) throw std::invalid_argument("factors do not divide the rows");
    return {std::max<uint64_t>(1, rows / own.size()), std::max<uint64_t>(1, columns), std::move(own)};
  }

  Factors grid_at(uint64_t i, const GridOfFactors& grid) const {
    const auto& [of_rows, of_columns, values] = grid;
    if (of_rows == 0 || of_columns == 0) throw std::invalid_argument("a factor is of one row and one column at least");
    const uint64_t own_rows = rows / stacked;  // of one matrix in the tensor
    const Factors one{
        std::min(of_rows, std::max<uint64_t>(1, own_rows)), std::min(of_columns, std::max<uint64_t>(1, columns)), {}};
    const uint64_t across = parts_of(columns, one.columns);
    const uint64_t each = parts_of(own_rows, one.rows) * across;
    if (values.size() != each * count * stacked) {
      throw std::invalid_argument(concat("a grid of ", values.size(), " factors is not of ", count * stacked,
                                         " matrices with ", each, " each"));
    }
    if (stacked == 1) return {one.rows, one.columns, part_of(values, i, count)};
    return {1, one.columns, by_rows(values, own_rows, one.rows, across)};
  }

  // Of matrices that are rows of one here: a grid for every row, as their ends may be anywhere.
  std::vector<float> by_rows(const std::vector<float>& grids, uint64_t own_rows, uint64_t of_rows,
                             uint64_t across) const {
    const uint64_t down = parts_of(own_rows, of_rows);
    std::vector<float> each;
    for (uint64_t row = 0; row < rows; ++row) {
      const uint64_t line = row / own_rows * down + row % own_rows / of_rows;
      each.insert(each.end(), grids.data() + line * across, grids.data() + (line + 1) * across);
    }
    return each;
  }

  static std::vector<float> part_of(const std::vector<float>& values, uint64_t i, uint64_t n) {
    const uint64_t each = values.size() / n;
    return {values.data() + i * each, values.data() + (i + 1) * each};
  }

  // In steps, of which the last may be shorter.
  static uint64_t parts_of(uint64_t n, uint64_t step) { return n / step + (n % step == 0 ? 0 : 1); }
};

}  // namespace ggufscope
