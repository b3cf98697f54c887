// Bits of K-quants put together 64 bytes at a time, four codes to a lane; a mask drops what a shift carried over from
// the neighbouring byte.
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

// High bits of 256 weights fill only 32 bytes (1 bit each), of 128 weights too (2 bits): one plane serves several
// groups of weights. Lanes 0-7 get plane `which` (0 or 1) of 32 bytes, lanes 8-15 the same bytes shifted right by
// Shift, so that two groups are taken from it at once.
template <int Shift>
inline I32 plane_twice(I32 planes, int which) {
  static_assert(Shift == 2 || Shift == 4);
  const I32 bytes = pick(planes, (iota() & broadcast(7)) + broadcast(8 * which));
  const I32 upper_half = iota() & broadcast(8);
  return shift_right(bytes, Shift == 2 ? shift_right<2>(upper_half) : shift_right<1>(upper_half));
}

// 256 codes, a byte each.
inline void store_codes(const Quads& codes, uint8_t* out) {
  for (int i = 0; i < 4; ++i) store_i32(out + 64 * i, codes.of[i]);
}

}  // namespace
}  // namespace ggufscope
