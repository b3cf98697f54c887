#include "products.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

#include "gguf/fault_guard.h"
#include "parallel.h"

namespace ggufscope {
namespace {

constexpr size_t kTile = 1024;  // with its vectors 4 + 8 + 8 KB; a multiple of every block
constexpr uint64_t kRunElements = uint64_t{1} << 16;

uint64_t row_bytes(const BlockMatrix& matrix, uint64_t columns) {
  return columns / matrix.type->elements_per_block * matrix.type->bytes_per_block;
}

// One matrix as a worker sees it: piece after piece of its rows, decoded.
class TileReader {
 public:
  TileReader(const BlockMatrix& matrix, const KernelTable& table, uint64_t columns)
      : matrix_(matrix), kernels_(table.format(matrix.type->id)), row_bytes_(row_bytes(matrix, columns)) {}

  const float* read(uint64_t row, uint64_t first, size_t count) {
    const size_t size = matrix_.type->bytes_per_block;
    const size_t n_blocks = count / matrix_.type->elements_per_block;
    const std::byte* blocks = matrix_.blocks + row * row_bytes_ + first / matrix_.type->elements_per_block * size;
    if (matrix_.swapped) {
      std::copy_n(blocks, n_blocks * size, copy_);
      matrix_.type->swap_bytes(copy_, n_blocks);
      blocks = copy_;
    }
    kernels_.decode(blocks, n_blocks, tile_);
    return tile_;
  }

 private:
  const BlockMatrix& matrix_;
  const FormatKernels& kernels_;
  uint64_t row_bytes_;
  alignas(64) float tile_[kTile];
  alignas(64) std::byte copy_[kTile * sizeof(double)];
};

class Multiplier {
 public:
  Multiplier(const ProductTask& task, const KernelTable& table)
      : task_(task),
        products_(table.products),
        squares_(task.left.blocks == task.right.blocks && task.left.type == task.right.type),
        left_(task.left, table, task.columns),
        right_(task.right, table, task.columns) {}

  void multiply(uint64_t row) {
    for (size_t i = 0; i < task_.n_linear; ++i) task_.linear_results[i * task_.rows + row] = 0.0;
    for (size_t i = 0; i < task_.n_quadratic; ++i) task_.quadratic_results[i * task_.rows + row] = 0.0;
    for (uint64_t first = 0; first < task_.columns; first += kTile) {
      add_tile(row, first, static_cast<size_t>(std::min<uint64_t>(kTile, task_.columns - first)));
    }
  }

 private:
  void add_tile(uint64_t row, uint64_t first, size_t count) {
    const float* left = left_.read(row, first, count);
    for (size_t i = 0; i < task_.n_linear; ++i) {
      const double* vector = task_.linear + i * task_.columns + first;
      task_.linear_results[i * task_.rows + row] += products_.linear(left, vector, count);
    }
    if (task_.n_quadratic == 0) return;
    const float* right = squares_ ? left : right_.read(row, first, count);
    for (size_t i = 0; i < task_.n_quadratic; ++i) {
      const double* vector = task_.quadratic + i * task_.columns + first;
      task_.quadratic_results[i * task_.rows + row] += products_.quadratic(left, right, vector, count);
    }
  }

  const ProductTask& task_;
  const ProductKernels& products_;
  bool squares_;
  TileReader left_;
  TileReader right_;
};

void require_byte_order(const BlockMatrix& matrix) {
  if (matrix.swapped && matrix.type->swap_bytes == nullptr) {
    throw std::invalid_argument(std::string(matrix.type->name) + " has no big-endian form that can be decoded");
  }
}

}  // namespace

void row_products(const ProductTask& task, int threads, const KernelTable& table) {
  require_byte_order(task.left);
  require_byte_order(task.right);
  const uint64_t run = std::max<uint64_t>(1, kRunElements / std::max<uint64_t>(1, task.columns));
  std::atomic<uint64_t> next{0};
  const auto work = [&](int) {
    const auto multiplier = std::make_unique<Multiplier>(task, table);
    for (uint64_t first = next.fetch_add(run); first < task.rows; first = next.fetch_add(run)) {
      const uint64_t last = std::min(task.rows, first + run);
      for (uint64_t row = first; row < last; ++row) multiplier->multiply(row);
    }
  };
  run_workers(task.rows * task.columns * sizeof(float) < kSmallBytes ? 1 : threads, work);
  require_intact(task.left.blocks, task.rows * row_bytes(task.left, task.columns));
  require_intact(task.right.blocks, task.rows * row_bytes(task.right, task.columns));
}

}  // namespace ggufscope
