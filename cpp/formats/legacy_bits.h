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

// The quads of sixteen blocks whose nibbles begin at qs, `stride` apart. Always inlined, as the next one: what `visit`
// adds up stays in registers then, which is worth a fourth of the time.
template <class Visit>
[[gnu::always_inline]] inline void each_quad_of_nibbles(const uint8_t* qs, size_t stride, Visit visit) {
  for (const I32 nibbles : quads_of(qs, stride).of) {
    visit(in_each_byte<15>(nibbles));
    visit(in_each_byte<15>(shift_right<4>(nibbles)));
  }
}

// The lowest four bits of each lane as the fifth bits of a quad.
inline I32 fifth_bits_of_quad(I32 bits) {
  constexpr uint32_t kCopies = 1U << 4 | 1U << 11 | 1U << 18 | 1U << 25;  // bit i moved to bit 8i + 4, and others
  return in_each_byte<16>((bits & broadcast(15)) * broadcast(kCopies));
}

// The quads of sixteen blocks with qs and qh.
template <class Block, class Visit>
[[gnu::always_inline]] inline void each_quad_of_five_bits(const Block* sixteen, Visit visit) {
  uint32_t fifth[kLanes];
  for (int i = 0; i < kLanes; ++i) fifth[i] = sixteen[i].qh;
  keep_in_memory(fifth);
  I32 high = load_i32(fifth);
  for (const I32 nibbles : quads_of(sixteen->qs, sizeof(Block)).of) {
    visit(in_each_byte<15>(nibbles) | fifth_bits_of_quad(high));
    visit(in_each_byte<15>(shift_right<4>(nibbles)) | fifth_bits_of_quad(shift_right<16>(high)));
    high = shift_right<4>(high);
  }
}

}  // namespace
}  // namespace ggufscope
