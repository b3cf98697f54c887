// Tensors as the matrices that the core reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <vector>

#include "gguf/model.h"
#include "stream/blocks.h"

namespace ggufscope {

/// Factors of a model's tensors by their index: one for the whole tensor, or one for each of its equal parts.
using TensorFactors = std::map<size_t, std::vector<float>>;

/// A tensor as matrices: one, or one per expert where three dimensions are plausibly that. A convolution's many small
/// kernels are the rows of one matrix instead; so is whatever a hostile shape claims.
struct Matrices {
  static constexpr uint64_t kMostExperts = 4096;
  static constexpr uint64_t kLeastElements = 4096;

  uint64_t count = 1;
  uint64_t rows = 1;
  uint64_t columns = 1;

  explicit Matrices(const TensorInfo& info) {
    const auto& shape = info.shape;
    columns = shape.empty() ? 1 : shape.back();
    rows = columns == 0 ? 0 : info.n_elements / columns;
    if (shape.size() != 3 || shape[0] == 0 || shape[0] > kMostExperts) return;
    if (info.n_elements / shape[0] < kLeastElements) return;
    count = shape[0];
    rows = shape[1];
  }

  uint64_t elements() const { return rows * columns; }  // of one matrix

  /// Matrix i of the tensor, read from its file.
  BlockMatrix at(const Model& model, const TensorInfo& info, uint64_t i) const {
    const uint64_t size = elements() / info.type->elements_per_block * info.type->bytes_per_block;
    const ByteSource* file = &model.input(info);
    return {info.type, rows, columns, nullptr, file, info.offset + i * size, model.swapped()};
  }

  /// The matrix of tensor `index`, with its factors. Throws std::invalid_argument where these are not as many as it has
  /// equal parts.
  BlockMatrix at(const Model& model, size_t index, uint64_t i, const TensorFactors& factors) const {
    BlockMatrix matrix = at(model, model.tensors().at(index), i);
    if (const auto own = factors.find(index); own != factors.end()) matrix.factors = factors_at(i, own->second);
    return matrix;
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
  // Those of matrix i; none where all are 1.
  std::vector<float> factors_at(uint64_t i, const std::vector<float>& of_tensor) const {
    std::vector<float> own = of_tensor;
    if (of_tensor.size() > 1 && count > 1) {
      const auto each = of_tensor.size() / count;
      if (of_tensor.size() % count != 0) throw std::invalid_argument("factors do not divide among the matrices");
      own.assign(of_tensor.data() + i * each, of_tensor.data() + (i + 1) * each);
    }
    if (own.empty() || rows % own.size() != 0) throw std::invalid_argument("factors do not divide the rows");
    return std::ranges::all_of(own, [](float x) { return x == 1; }) ? std::vector<float>{} : own;
  }
};

}  // namespace ggufscope
