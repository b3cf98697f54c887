// Matrices made of the bytes of an input.
//
// Their memory ends where their last block does, so that a read beyond it is seen, and begins anywhere: tensors of
// files need not be aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fuzz/input.h"
#include "stream/blocks.h"

namespace ggufscope {
namespace {

struct Shape {
  uint64_t rows;
  uint64_t columns;
};

inline const TypeInfo& take_type(Input& input) {
  const auto types = all_types();
  return types[input.byte() % types.size()];
}

/// A shape of whole blocks of so many elements; rows may be longer than a tile and end inside a group.
inline Shape take_shape(Input& input, uint64_t elements_per_block) {
  constexpr uint64_t kMostRows = 8;
  constexpr uint64_t kMostColumns = 2 * kTileElements + 512;
  constexpr uint64_t kMostElements = kMostColumns;
  const uint64_t rows = 1 + input.byte() % kMostRows;
  const uint64_t wanted = 1 + input.word() % kMostColumns;
  const uint64_t columns = (wanted + elements_per_block - 1) / elements_per_block * elements_per_block;
  return {std::max<uint64_t>(1, std::min(rows, kMostElements / columns)), columns};
}

class MadeMatrix {
 public:
  /// The blocks are `pattern`, over and over; zeros where there is none.
  MadeMatrix(const TypeInfo& type, Shape shape, std::span<const std::byte> pattern, bool aligned)
      : begin_(aligned ? 0 : 1), matrix_{&type, shape.rows, shape.columns, nullptr} {
    memory_.resize(begin_ + matrix_.size());
    for (size_t i = 0; i < matrix_.size() && !pattern.empty(); ++i) memory_[begin_ + i] = pattern[i % pattern.size()];
    matrix_.memory = memory_.data() + begin_;
  }

  MadeMatrix(MadeMatrix&&) = default;  // the memory stays where it is

  const BlockMatrix& matrix() const { return matrix_; }

  /// The same weights in the other byte order, in which their type must have a form.
  MadeMatrix swapped() const {
    MadeMatrix other(*this);
    other.matrix_.memory = other.memory_.data() + begin_;
    other.matrix_.swapped = true;
    const TypeInfo& type = *matrix_.type;
    type.swap_bytes(other.memory_.data() + begin_, matrix_.size() / type.bytes_per_block);
    return other;
  }

 private:
  MadeMatrix(const MadeMatrix&) = default;

  size_t begin_;
  Bytes memory_;
  BlockMatrix matrix_;
};

/// Float32 weights as a matrix.
inline BlockMatrix plain_matrix(const std::vector<float>& weights, const BlockMatrix& like) {
  return {find_type("F32"), like.rows, like.columns, reinterpret_cast<const std::byte*>(weights.data())};
}

}  // namespace
}  // namespace ggufscope
