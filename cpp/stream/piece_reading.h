// One piece of a matrix, read in the way that its file's trial says (gguf/reading_ways.h), and timed for it.
#pragma once

#include <cstdint>
#include <optional>

#include "gguf/mapping.h"
#include "gguf/reading_ways.h"
#include "stream/blocks.h"

namespace ggufscope {

class PieceReading {
 public:
  /// Begins with a piece of so many elements. `way`: the one to read in, where it is not for the trial to say.
  PieceReading(const BlockMatrix& matrix, uint64_t elements, std::optional<ReadingWay> way);

  ReadingWay way() const { return way_; }

  /// The work on the piece is done. Throws GGUFError where it was read in place and its file has shrunk: what the file
  /// no longer has reads as zeros.
  void finish();

 private:
  const Mapping* mapping_;  // nullptr where there is no choice
  ReadingTrial* trial_ = nullptr;
  PieceKind kind_;
  ReadingWay way_ = ReadingWay::copied;
  uint64_t begin_ = 0;  // time of the processor that this thread had before; 0 where it is not asked for
  int64_t waits_ = 0;   // of this thread for a disk, before
};

}  // namespace ggufscope
