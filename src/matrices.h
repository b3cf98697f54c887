// Tensors as the matrices that the core reads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "gguf/model.h"
#include "stream/blocks.h"

namespace ggufscope {

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
    const ByteSource* file = model.files()[info.file].mapping.get();
    return {info.type, rows, columns, nullptr, file, info.offset + i * size, model.swapped()};
  }

  // Rows of one head, or of gate or up in a matrix that holds both; 0 where there are more of these, or smaller ones,
  // than any model has: each costs memory.
  uint64_t head_rows(uint64_t group_rows) const {
    const uint64_t most_groups = count > 1 ? 2 : 4096;  // of an expert, or of a tensor
    constexpr uint64_t least_elements = 32;
    if (group_rows == 0 || rows / group_rows > most_groups) return 0;
    return std::min(rows, group_rows) * columns < least_elements ? 0 : group_rows;
  }
};

}  // namespace ggufscope
