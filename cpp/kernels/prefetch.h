// Reading ahead of what is worked on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ggufscope {
namespace {

// Asks for the cache lines of a block about 2 KB ahead. The processor's own prefetcher stops at every page, and blocks
// are read too fast for it to catch up: from memory, decoding gets 1.2 to 2 times as fast. A prefetch never faults, so
// the end of the buffer needs no care; it is an integer here because a pointer must not leave its array.
inline void prefetch_after(const void* block, size_t size) {
  const auto ahead = reinterpret_cast<uintptr_t>(block) + 2048;
  for (size_t line = 0; line < size; line += 64) {
    __builtin_prefetch(reinterpret_cast<const void*>(ahead + line));  // NOLINT(performance-no-int-to-ptr)
  }
}

}  // namespace
}  // namespace ggufscope
