// Codes of the first generation of ggml quantization. The low nibbles of qs are weights 0 … 15 and the high nibbles
// weights 16 … 31:
//
//     qs    │ q0 q16 │ q1 q17 │ … │ q15 q31 │
//
// The fifth bits of Q5_0 and Q5_1 sit in qh: bit j belongs to weight j.
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

inline I32 low_nibbles(I32 bytes) { return bytes & broadcast(15); }
inline I32 high_nibbles(I32 bytes) { return shift_right<4>(bytes); }

// The fifth bits of the sixteen weights whose bits start at bit 0 of `bits`, in place (value 16).
inline I32 fifth_bits(uint32_t bits) { return shift_left<4>(shift_right(broadcast(bits), iota()) & broadcast(1)); }

// Codes of five bits, one byte each, in the order 0 16 1 17 …
inline const uint8_t* unpack_five_bits(const uint8_t* qs, uint32_t qh, uint8_t* codes) {
  const I32 q = load_u8(qs);
  const I32 first = low_nibbles(q) | fifth_bits(qh);
  const I32 second = high_nibbles(q) | fifth_bits(qh >> 16);
  store_u16(codes, first | shift_left<8>(second));
  return codes;
}

}  // namespace
}  // namespace ggufscope
