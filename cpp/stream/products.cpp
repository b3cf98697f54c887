#include "stream/products.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "gguf/fault_guard.h"
#include "stream/parallel.h"

namespace ggufscope {
namespace {

constexpr size_t kTile = RowReader::kMost;  // with its vectors 4 + 8 + 8 KB
constexpr uint64_t kRunElements = uint64_t{1} << 16;

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
    left_.read(row, first, count, left_tile_);
    for (size_t i = 0; i < task_.n_linear; ++i) {
      const double* vector = task_.linear + i * task_.columns + first;
      task_.linear_results[i * task_.rows + row] += products_.linear(left_tile_, vector, count);
    }
    if (task_.n_quadratic == 0) return;
    if (!squares_) right_.read(row, first, count, right_tile_);
    const float* right = squares_ ? left_tile_ : right_tile_;
    for (size_t i = 0; i < task_.n_quadratic; ++i) {
      const double* vector = task_.quadratic + i * task_.columns + first;
      task_.quadratic_results[i * task_.rows + row] += products_.quadratic(left_tile_, right, vector, count);
    }
  }

  const ProductTask& task_;
  const ProductKernels& products_;
  bool squares_;
  RowReader left_;
  RowReader right_;
  alignas(64) float left_tile_[kTile];
  alignas(64) float right_tile_[kTile];
};

}  // namespace

void row_products(const ProductTask& task, int threads, const KernelTable& table) {
  require_byte_order(*task.left.type, task.left.swapped);
  require_byte_order(*task.right.type, task.right.swapped);
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
