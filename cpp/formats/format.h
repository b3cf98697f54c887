// What a format is. A family header (k_quants.h, …) draws its layouts and defines one struct per type:
//
//   struct Q4_0 {
//     struct [[gnu::packed]] Block { … };          // exactly the bytes in the file; static_assert on sizeof
//     static constexpr uint32_t id = 2;            // ggml_type, or one of kCheckpointTypes
//     static constexpr const char* name = "Q4_0";  // as ggml spells it, or safetensors
//     static constexpr int elements = 32;          // weights in a block
//     static void decode(const Block&, float*);    // all weights of a block, bit for bit as ggml's dequantize_row_*
//
//     // where blocks carry scales: the multipliers of the codes, one per sub-block, in order of the weights
//     static constexpr int scales_per_block = 1;
//     static void scales(const Block&, float*);
//
//     // where codes are integers on a line (not indices into a codebook)
//     static constexpr int code_bits = 4;              // bits of a code in packed_codes: 1, 2, 4 or 8
//     static constexpr int packed_bytes = 16;          // bytes that packed_codes gives for one block
//     static constexpr int lowest_code = 0, highest_code = 15;  // the ends of the line
//     static const uint8_t* packed_codes(const Block&, uint8_t* scratch);  // each code once, order free
//
//     // where weights are w = step · q − base, with integers q of a byte and a step and base for each sub-block of 16
//     // or 32: what sixteen sub-blocks, blocks_per_group blocks, have in common with all others (kernels/lanes.h)
//     static constexpr int sub_block_elements = 32;
//     static constexpr int blocks_per_group = 2;
//     static Line line(const Block*);                      // lane i: of sub-block i; step is also what `scales` gives
//     static void each_quad(const Block*, Visit visit);    // visit(I32): each lane four codes of a sub-block, bytes
//     static constexpr int sub_block_of(int lane);         // which
//     static constexpr Magnitudes magnitudes;              // between which weights lie: their squares, and sums of
//     eight
//                                                          // of those, are float32 numbers of full precision
//     // and one of these:
//     static constexpr int center = 8;                     // of codes as stored: base = center · step, and no finite
//                                                          // step lets w round; each_quad gives q − center, signed, or
//                                                          // q itself where all lie in 0 … 15
//     static bool rounds_nothing(const Block*, const Line&);
//                                                          // each step · q − base is a float32 as it stands, finite;
//                                                          // with steps ≥ 0 or −0 (groups of others are left out)
//
//     // where those sub-blocks are 32 codes of four bits (kernels/counted.h)
//     static NibblePlanes planes(const Block*);            // lane i: the codes of sub-block i
//     static void each_square(const Block&, const Lines&, Visit visit);  // visit(i, F32): of weights i … i + 15 the
//                                                          // squares, from a table of each code's, rounded as those of
//                                                          // decoded weights
//     static uint16_t stored_step(const Block&);           // if a block is one of them: its step as stored, in 16 or 8
//     static float step_of(uint16_t stored);               // bits (kernels/stepped.h), and as a number
//
//     // where q is not the code as stored but one of sixteen integers, −127 or more, that the code looks up (center 0)
//     static constexpr const int8_t (&values)[16];
//     static constexpr int lowest_code, highest_code;      // the ends of the line, as above
//
//     // where q is a fraction or a multiple of that which `scales` multiply
//     static constexpr float scale_per_step = 2;           // scale = scale_per_step · step
//     static bool is_in_range(const Line&);                // where steps go beyond what magnitudes say: do these not?
//
//     // where those weights are a code times the step of their sub-block (kernels/joint.h)
//     static void each_coded(const Block&, Visit visit);   // visit(i, I32): of weights i … i + 15 the codes less their
//                                                          // center; their step is that of `line`
//
//     // where big-endian files may hold it: reverse the bytes of each multi-byte field
//     static void swap_bytes(Block&);
//   };
//
// Blocks are packed, so that their alignment is 1: a GGUF file chooses its own alignment, and a caller may hand over
// any slice of a buffer. Multi-byte fields are little-endian, as this machine is.
//
// Codes: packed_codes gives them as the file stores them, without the offset that decode subtracts. A stored code is
// unsigned, or, where lowest_code is negative, the two's complement of code_bits bits. One at or beyond lowest_code or
// highest_code is saturated (Q8_0: −128, −127 and 127, as quantizers go from −127 to 127). Scratch holds packed_bytes;
// the result points into it or into the block.
//
// Plain numbers (F32, F16, …) have elements = 1 and `decode_run(const Block*, size_t n, float*)` in place of
// decode; those that may lie beyond float32 also `static double number(const Block&)`. Which optional parts a format
// has is found out by the compiler; nothing else lists them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "formats/types.h"
#include "simd/lanes.h"

namespace ggufscope {
namespace {

template <class... Format>
struct FormatList {
  static_assert(((alignof(typename Format::Block) == 1) && ...), "a Block is [[gnu::packed]]: see above");
};

template <class F>
concept HasScales = requires(const typename F::Block& block, float* out) { F::scales(block, out); };

template <class F>
concept HasCodes = requires(const typename F::Block& block, uint8_t* scratch) { F::packed_codes(block, scratch); };

struct Line {
  F32 step;
  F32 base;
};

// Of one block, by sub-block. In memory, from where an instruction broadcasts a factor on its way.
struct Lines {
  const float* steps;
  const float* bases;
};

template <class F>
concept IsOfIntegers = requires { F::sub_block_elements; };

template <class F>
concept HasValues = requires { F::values; };

// The integers that the codes 0 … 15 stand for.
template <class F>
F32 values_of_codes() {
  if constexpr (HasValues<F>) {
    return to_f32(load_i8(F::values));
  } else {
    return to_f32(iota() - broadcast(F::center));
  }
}

template <class F>
concept HasByteSwap = requires(typename F::Block& block) { F::swap_bytes(block); };

template <class F>
concept IsPlain = F::elements == 1;

template <class F>
concept IsWide = requires(const typename F::Block& block) { F::number(block); };

inline constexpr Magnitudes kHalves{-24, 16};  // of half-precision numbers

// Sums of their products with integers whose magnitudes add up to 2^bits at most.
constexpr Magnitudes times(Magnitudes numbers, int bits) { return {numbers.least, numbers.below + bits}; }

inline bool is_finite_half(uint16_t half) { return (half & 0x7C00U) != 0x7C00U; }
inline bool is_zero_half(uint16_t half) { return (half & 0x7FFFU) == 0; }

// The place of a half's last bit: a finite half is an integer below 2048 times 2^(this − 25). Zero, an integer at any
// place, is given that of subnormals.
inline int half_last_bit(uint16_t half) {
  const int exponent = half >> 10 & 31;
  return exponent == 0 ? 1 : exponent;
}

// From bytes below 128, without a borrow from the neighbour, since bit 7 is set meanwhile.
template <int Amount>
inline I32 minus_in_each_byte(I32 x) {
  const I32 top = broadcast(0x80808080U);
  return ((x | top) - broadcast(Amount * 0x01010101U)) ^ top;
}

template <int Field>
inline I32 in_each_byte(I32 x) {
  return x & broadcast(Field * 0x01010101U);
}

// Where each weight is a code times the step: steps as `scales` gives them.
template <class F>
Line centered_line(const typename F::Block* group) {
  alignas(64) float steps[kLanes];
  for (int b = 0; b < F::blocks_per_group; ++b) F::scales(group[b], steps + b * F::scales_per_block);
  keep_in_memory(steps);
  const F32 step = load(steps);
  return {step, broadcast(static_cast<float>(F::center)) * step};
}

// Of sixteen blocks with one half-precision step each.
template <class Block>
Line line_of_halves(const Block* sixteen, int center) {
  uint16_t d[kLanes];
  for (int i = 0; i < kLanes; ++i) d[i] = sixteen[i].d;
  keep_in_memory(d);
  const F32 step = half_to_f32(load_u16(d));
  return {step, broadcast(static_cast<float>(center)) * step};
}

inline uint16_t swap16(uint16_t x) { return __builtin_bswap16(x); }

}  // namespace
}  // namespace ggufscope
