// The one reader of blocks: bytes of any source, a window at a time, in native byte order, decoded.
//
//   memory ─────────────────────────────────────────────┐
//                                                       ├──▶ blocks ──byte order──▶ blocks as they are here ──▶ weights
//   a file ──read(offset, size)──▶ window in the L2 cache┤
//   a mapped file, in place (gguf/reading_ways.h) ───────┘
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "formats/types.h"
#include "gguf/byte_source.h"
#include "gguf/reading_ways.h"
#include "kernels/dispatch.h"
#include "stream/factors.h"

namespace ggufscope {

/// Weights in blocks, row after row; a row is a whole number of blocks. Elements are counted from the first of the
/// first row. The bytes lie in memory or in a source, which must outlive whoever reads them.
///
/// Files of some formats (NVFP4, BitNet, FP8) keep factors beside a matrix. A weight is then the decoded number times
/// its factor, rounded once to float32.
struct BlockMatrix {
  const TypeInfo* type;
  uint64_t rows;
  uint64_t columns;
  const std::byte* memory;             // nullptr where they are read from `source`
  const ByteSource* source = nullptr;  // from byte `offset` on
  uint64_t offset = 0;
  bool swapped = false;  // of the other byte order; type->swap_bytes must not be null (require_byte_order)
  // Without `= {}`, GCC warns where they are left out.
  Factors factors = {};  // NOLINT(readability-redundant-member-init)

  /// Bytes of that many elements, which are whole blocks.
  uint64_t bytes(uint64_t elements) const { return elements / type->elements_per_block * type->bytes_per_block; }
  uint64_t size() const { return bytes(rows * columns); }
};

/// Throws GGUFError if the matrix lies in a mapped file that has shrunk meanwhile (gguf/fault_guard.h). A source has
/// told so when it was read.
void require_intact(const BlockMatrix& matrix);

/// Bytes of blocks that are read at once, at most. Sources are read in pieces of so many, which stay in the L2 cache
/// until they are worked on.
inline constexpr size_t kMostBytes = size_t{1} << 18;

/// A reader's memory, which may serve one after another.
struct ReaderMemory {
  std::vector<std::byte> swapped;  // as large as blocks of the other byte order have needed it
  std::unique_ptr<std::byte[]> window;
};

/// A matrix as one thread reads it.
class BlockReader {
 public:
  /// Matrix and memory must outlive the reader.
  BlockReader(const BlockMatrix& matrix, const KernelTable& table, ReaderMemory& memory);

  /// Elements before `end` are about to be read in order, so that a source is asked for a window of them at a time.
  /// `way`: for a source that is mapped; of others, all bytes are copied.
  void read_ahead_to(uint64_t end, ReadingWay way = ReadingWay::copied);

  /// The blocks of `count` elements from `first` on, until the next call. What lies in memory in native byte order is
  /// not copied; of others, throws std::length_error for more than kMostBytes.
  const std::byte* blocks(uint64_t first, size_t count);

  /// Decodes them; any number of elements that are whole blocks.
  void decode(uint64_t first, size_t count, float* out);

  uint64_t bytes(size_t elements) const { return matrix_.bytes(elements); }
  const FormatKernels& kernels() const { return kernels_; }

 private:
  const std::byte* bytes_at(uint64_t begin, size_t size);
  void set_window(uint64_t begin, size_t size, uint64_t most);

  const BlockMatrix& matrix_;
  const FormatKernels& kernels_;
  ReaderMemory& memory_;
  const Mapping* in_place_ = nullptr;  // where bytes are read from a mapping
  bool populates_ = false;
  uint64_t window_begin_ = 0;  // bytes of the matrix that memory_.window holds, or that are populated
  uint64_t window_end_ = 0;
  uint64_t ahead_end_ = 0;
};

}  // namespace ggufscope
