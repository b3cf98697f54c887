#include "stream/products.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "stream/parallel.h"

namespace ggufscope {
namespace {

constexpr size_t kTile = 1024;  // with its vectors 4 + 8 + 8 KB
constexpr uint64_t kRunElements = uint64_t{1} << 16;

class Multiplier {
 public:
  Multiplier(const ProductTask& task, const KernelTable& table)
      : task_(task),
        products_(table.products),
        rows_(task.left.rows),
        columns_(task.left.columns),
        left_(task.left, table, left_memory_),
        right_(task.squares ? task.left : task.right, table, right_memory_) {}

  void multiply(uint64_t row) {
    for (size_t i = 0; i < task_.n_linear; ++i) task_.linear_results[i * rows_ + row] = 0.0;
    for (size_t i = 0; i < task_.n_quadratic; ++i) task_.quadratic_results[i * rows_ + row] = 0.0;
    for (uint64_t first = 0; first < columns_; first += kTile) {
      add_tile(row, first, static_cast<size_t>(std::min<uint64_t>(kTile, columns_ - first)));
    }
  }

 private:
  void add_tile(uint64_t row, uint64_t first, size_t count) {
    left_.decode(row * columns_ + first, count, left_tile_);
    for (size_t i = 0; i < task_.n_linear; ++i) {
      const double* vector = task_.linear + i * columns_ + first;
      task_.linear_results[i * rows_ + row] += products_.linear(left_tile_, vector, count);
    }
    if (task_.n_quadratic == 0) return;
    if (!task_.squares) right_.decode(row * columns_ + first, count, right_tile_);
    const float* right = task_.squares ? left_tile_ : right_tile_;
    for (size_t i = 0; i < task_.n_quadratic; ++i) {
      const double* vector = task_.quadratic + i * columns_ + first;
      task_.quadratic_results[i * rows_ + row] += products_.quadratic(left_tile_, right, vector, count);
    }
  }

  alignas(64) float left_tile_[kTile];
  alignas(64) float right_tile_[kTile];
  ReaderMemory left_memory_;
  ReaderMemory right_memory_;
  const ProductTask& task_;
  const ProductKernels& products_;
  uint64_t rows_;
  uint64_t columns_;
  BlockReader left_;
  BlockReader right_;
};

}  // namespace

void row_products(const ProductTask& task, int threads, const KernelTable& table) {
  const uint64_t rows = task.left.rows;
  const uint64_t columns = task.left.columns;
  const uint64_t run = std::max<uint64_t>(1, kRunElements / std::max<uint64_t>(1, columns));
  std::atomic<uint64_t> next{0};
  const auto work = [&](int) {
    const auto multiplier = std::make_unique<Multiplier>(task, table);
    for (uint64_t first = next.fetch_add(run); first < rows; first = next.fetch_add(run)) {
      const uint64_t last = std::min(rows, first + run);
      for (uint64_t row = first; row < last; ++row) multiplier->multiply(row);
    }
  };
  run_workers(rows * columns * sizeof(float) < kSmallBytes ? 1 : threads, work);
  require_intact(task.left);
  if (!task.squares) require_intact(task.right);
}

}  // namespace ggufscope
