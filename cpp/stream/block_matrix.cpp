#include "stream/block_matrix.h"

#include <algorithm>

namespace ggufscope {

uint64_t row_bytes(const BlockMatrix& matrix, uint64_t columns) {
  return columns / matrix.type->elements_per_block * matrix.type->bytes_per_block;
}

RowReader::RowReader(const BlockMatrix& matrix, const KernelTable& table, uint64_t columns)
    : matrix_(matrix), kernels_(table.format(matrix.type->id)), row_bytes_(row_bytes(matrix, columns)) {}

void RowReader::read(uint64_t row, uint64_t first, size_t count, float* out) {
  const size_t size = matrix_.type->bytes_per_block;
  const size_t n_blocks = count / matrix_.type->elements_per_block;
  const std::byte* blocks = matrix_.blocks + row * row_bytes_ + first / matrix_.type->elements_per_block * size;
  if (matrix_.swapped) {
    std::copy_n(blocks, n_blocks * size, copy_);
    matrix_.type->swap_bytes(copy_, n_blocks);
    blocks = copy_;
  }
  kernels_.decode(blocks, n_blocks, out);
}

}  // namespace ggufscope
