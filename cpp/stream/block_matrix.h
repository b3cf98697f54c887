// Rows of weights in memory, read piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>

#include "formats/types.h"
#include "kernels/dispatch.h"

namespace ggufscope {

/// `swapped` blocks come from a big-endian file.
struct BlockMatrix {
  const std::byte* blocks;
  const TypeInfo* type;
  bool swapped;
};

/// Bytes of a row of so many elements, which are whole blocks.
uint64_t row_bytes(const BlockMatrix& matrix, uint64_t columns);

/// One matrix as a worker sees it.
class RowReader {
 public:
  static constexpr size_t kMost = 1024;  // elements of a piece; a multiple of every block

  /// `matrix` must outlive the reader; its byte order is one that can be read (require_byte_order).
  RowReader(const BlockMatrix& matrix, const KernelTable& table, uint64_t columns);

  /// Decodes elements first … first + count − 1 of a row, whole blocks and at most kMost of them.
  void read(uint64_t row, uint64_t first, size_t count, float* out);

 private:
  const BlockMatrix& matrix_;
  const FormatKernels& kernels_;
  uint64_t row_bytes_;
  alignas(64) std::byte copy_[kMost * sizeof(double)];
};

}  // namespace ggufscope
