#include "stream/multiply.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>

#include "stream/parallel.h"

namespace ggufscope {
namespace {

constexpr size_t kPiece = 1024;                   // elements of a row
constexpr size_t kSums = 16;                      // partial sums of a product
constexpr size_t kVectorsPerReading = 8;          // so many products take as long as decoding a weight
constexpr size_t kStripeBytes = size_t{1} << 17;  // of partial sums, at most
constexpr size_t kStripeBlocks = 16;              // of as many rows as are multiplied at once, at most

// Zeros on a cache line: a vector of AVX-512 that crosses one is read twice.
class Floats {
 public:
  explicit Floats(size_t size) : size_(size), memory_(new (std::align_val_t{64}) float[size]()) {}
  float* data() { return memory_.get(); }
  const float* data() const { return memory_.get(); }
  void clear() { std::fill_n(memory_.get(), size_, 0.0F); }

 private:
  struct Free {
    void operator()(float* memory) const { ::operator delete[](memory, std::align_val_t{64}); }
  };

  size_t size_;
  std::unique_ptr<float[], Free> memory_;  // NOLINT(*-avoid-c-arrays)
};

size_t rounded_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

// The vectors in the order they are read in: piece by piece; of a piece, as many vectors as are multiplied at once; of
// those, sixteen elements of each in turn. Zeros stand where there are no vectors or no columns.
class PackedVectors {
 public:
  PackedVectors(const MultiplyTask& task, size_t at_once)
      : at_once_(at_once),
        n_vectors_(rounded_up(task.n_vectors, at_once)),
        columns_(rounded_up(task.matrix.columns, kSums)),
        elements_(n_vectors_ * columns_) {
    for (size_t vector = 0; vector < task.n_vectors; ++vector) {
      const float* from = task.vectors + vector * task.matrix.columns;
      for (size_t first = 0; first < task.matrix.columns; first += kSums) {
        const size_t count = std::min<uint64_t>(kSums, task.matrix.columns - first);
        std::copy_n(from + first, count, elements_.data() + place(vector, first));
      }
    }
  }

  size_t count() const { return n_vectors_; }
  const float* at(size_t vector, size_t first) const { return elements_.data() + place(vector, first); }

 private:
  size_t place(size_t vector, size_t column) const {
    const size_t piece = column / kPiece * kPiece;
    const size_t length = std::min(kPiece, columns_ - piece);
    const size_t group = vector / at_once_;
    return piece * n_vectors_ + group * at_once_ * length + (column - piece) * at_once_ + vector % at_once_ * kSums;
  }

  size_t at_once_;
  size_t n_vectors_;
  size_t columns_;
  Floats elements_;
};

class StripeMultiplier {
 public:
  StripeMultiplier(const MultiplyTask& task, const KernelTable& table, const PackedVectors& vectors, size_t rows)
      : task_(task),
        matrix_(task.matrix),
        reader_(task.matrix, table, memory_),
        kernel_(table.products.dots),
        vectors_(vectors),
        tile_(kernel_.rows * kPiece),
        sums_(rows * vectors.count() * kSums) {}

  void multiply(uint64_t first_row, uint64_t last_row) {
    sums_.clear();
    for (uint64_t column = 0; column < matrix_.columns; column += kPiece) {
      for (uint64_t row = first_row; row < last_row; row += kernel_.rows) {
        const size_t count = decode(row, last_row, column);
        add(sums_.data() + (row - first_row) * vectors_.count() * kSums, column, count);
      }
    }
    for (uint64_t row = first_row; row < last_row; ++row) store(first_row, row);
  }

 private:
  // Rows beyond the last stay what they were: nobody asks for their sums.
  size_t decode(uint64_t row, uint64_t last_row, uint64_t column) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(kPiece, matrix_.columns - column));
    const size_t padded = rounded_up(count, kSums);
    const uint64_t end = std::min<uint64_t>(last_row, row + kernel_.rows);
    for (uint64_t each = row; each < end; ++each) {
      float* out = tile_.data() + (each - row) * kPiece;
      reader_.decode(each * matrix_.columns + column, count, out);
      std::fill(out + count, out + padded, 0.0F);
    }
    return padded;
  }

  void add(float* sums, uint64_t column, size_t count) {
    for (size_t vector = 0; vector < vectors_.count(); vector += kernel_.vectors) {
      kernel_.add(tile_.data(), kPiece, vectors_.at(vector, column), count, sums + vector * kernel_.rows * kSums);
    }
  }

  // Sums lie as the kernel leaves them: rows by so many, vectors by so many, row after row.
  void store(uint64_t first_row, uint64_t row) {
    const size_t block = (row - first_row) / kernel_.rows * kernel_.rows;
    const size_t row_in_block = (row - first_row) % kernel_.rows;
    for (size_t vector = 0; vector < task_.n_vectors; ++vector) {
      const size_t group = vector / kernel_.vectors * kernel_.vectors;
      const float* sums = sums_.data() + block * vectors_.count() * kSums + group * kernel_.rows * kSums +
                          (row_in_block * kernel_.vectors + vector % kernel_.vectors) * kSums;
      task_.results[vector * matrix_.rows + row] = kernel_.fold(sums);
    }
  }

  ReaderMemory memory_;
  const MultiplyTask& task_;
  const BlockMatrix& matrix_;
  BlockReader reader_;
  const DotKernels& kernel_;
  const PackedVectors& vectors_;
  Floats tile_;
  Floats sums_;
};

}  // namespace

void multiply_few(const MultiplyTask& task, int threads, const KernelTable& table) {
  const uint64_t rows = task.matrix.rows;
  const DotKernels& kernel = table.products.dots;
  const PackedVectors vectors(task, kernel.vectors);
  const size_t block_bytes = std::max<size_t>(1, kernel.rows * vectors.count() * kSums * sizeof(float));
  const uint64_t fitting = std::clamp<size_t>(kStripeBytes / block_bytes, 1, kStripeBlocks) * kernel.rows;
  const uint64_t share = rounded_up((rows + 4 * threads - 1) / (4 * threads), kernel.rows);
  const uint64_t stripe = std::clamp<uint64_t>(share, kernel.rows, fitting);
  std::atomic<uint64_t> next{0};
  const auto work = [&](int) {
    const auto multiplier = std::make_unique<StripeMultiplier>(task, table, vectors, stripe);
    for (uint64_t first = next.fetch_add(stripe); first < rows; first = next.fetch_add(stripe)) {
      multiplier->multiply(first, std::min(rows, first + stripe));
    }
  };
  const uint64_t stripes = (rows + stripe - 1) / stripe;
  const bool small = rows * task.matrix.columns * sizeof(float) * (kVectorsPerReading + task.n_vectors) <
                     kSmallBytes * kVectorsPerReading;
  run_workers(small ? 1 : static_cast<int>(std::clamp<uint64_t>(stripes, 1, threads)), work);
  require_intact(task.matrix);
}

}  // namespace ggufscope
