#include "stream/blocks.h"

#include <algorithm>
#include <stdexcept>

#include "gguf/fault_guard.h"
#include "gguf/mapping.h"

namespace ggufscope {
namespace {

// Pages are mapped by larger pieces: no cache holds what they show.
constexpr uint64_t kPopulated = uint64_t{1} << 20;

}  // namespace

void require_intact(const BlockMatrix& matrix) {
  if (matrix.memory != nullptr) require_intact(matrix.memory, matrix.size());
}

BlockReader::BlockReader(const BlockMatrix& matrix, const KernelTable& table, ReaderMemory& memory)
    : matrix_(matrix), kernels_(table.format(matrix.type->id)), memory_(memory) {
  require_byte_order(*matrix.type, matrix.swapped);
}

void BlockReader::read_ahead_to(uint64_t end, ReadingWay way) {
  ahead_end_ = matrix_.bytes(end);
  const Mapping* in_place =
      matrix_.source == nullptr || way == ReadingWay::copied ? nullptr : matrix_.source->mapping();
  if (in_place != in_place_) window_end_ = 0;
  in_place_ = in_place;
  populates_ = way == ReadingWay::populated;
}

const std::byte* BlockReader::bytes_at(uint64_t begin, size_t size) {
  if (matrix_.memory != nullptr) return matrix_.memory + begin;
  const bool is_new = begin < window_begin_ || window_end_ < begin + size;
  if (in_place_ != nullptr) {
    if (populates_ && is_new) {
      set_window(begin, size, kPopulated);
      in_place_->populate(matrix_.offset + window_begin_, window_end_ - window_begin_);
    }
    return in_place_->head().data() + matrix_.offset + begin;
  }
  if (size > kMostBytes) throw std::length_error("more blocks at once than a window holds");
  if (is_new) {
    if (memory_.window == nullptr) memory_.window = std::make_unique_for_overwrite<std::byte[]>(kMostBytes);
    set_window(begin, size, kMostBytes);
    matrix_.source->read(matrix_.offset + begin, memory_.window.get(), window_end_ - begin);
  }
  return memory_.window.get() + (begin - window_begin_);
}

void BlockReader::set_window(uint64_t begin, size_t size, uint64_t most) {
  window_begin_ = begin;
  window_end_ = std::max(begin + size, std::min(begin + most, ahead_end_));
}

const std::byte* BlockReader::blocks(uint64_t first, size_t count) {
  const size_t size = matrix_.bytes(count);
  const std::byte* blocks = bytes_at(matrix_.bytes(first), size);
  if (!matrix_.swapped) return blocks;
  if (memory_.swapped.size() < size) memory_.swapped.resize(size);
  std::byte* swapped = memory_.swapped.data();
  std::copy_n(blocks, size, swapped);
  matrix_.type->swap_bytes(swapped, count / matrix_.type->elements_per_block);
  return swapped;
}

void BlockReader::decode(uint64_t first, size_t count, float* out) {
  const bool in_place = matrix_.memory != nullptr && !matrix_.swapped;
  const size_t most = in_place ? count : kTileElements;
  for (size_t done = 0; done < count; done += most) {
    const size_t n = std::min(most, count - done);
    kernels_.decode(blocks(first + done, n), n / matrix_.type->elements_per_block, out + done);
    matrix_.factors.apply(matrix_.columns, first + done, n, out + done);
  }
}

}  // namespace ggufscope
