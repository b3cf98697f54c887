// Numbers that safetensors files have and ggml has no type for: eight-bit floats, unsigned integers, booleans.
//
// Floats are widened exactly. Integers become float32 with one rounding to nearest, ties to even, as in plain.h.
#pragma once

#include "formats/format.h"
#include "formats/plain.h"

namespace ggufscope {
namespace {

struct OneByte {
  struct [[gnu::packed]] Block {
    uint8_t bits;
  };
  static_assert(sizeof(Block) == 1);
  static constexpr int elements = 1;

  static void swap_bytes(Block&) {}
};

// E4M3 with all bits used for numbers: no infinities, and NaN where all but the sign are set (Micikevicius et al., FP8
// Formats for Deep Learning, 2022; torch.float8_e4m3fn).
//
//   bit   7 │ 6 … 3 │ 2 … 0
//       ┌───┬───────┬───────┐
//       │ s │   e   │   m   │   (−1)^s · 2^(e − 7) · (1 + m / 8); where e = 0: (−1)^s · 2^−6 · m / 8
//       └───┴───────┴───────┘
struct FloatE4M3 : OneByte {
  static constexpr uint32_t id = kCheckpointTypes;
  static constexpr const char* name = "F8_E4M3";

  // As a half, whose exponent has a bias of 15, it is 2^8 times too small, subnormals too; a product with 2^8 is exact.
  static F32 sixteen(const Block* blocks) {
    const I32 code = load_u8(blocks);
    const I32 sign = code & broadcast(0x80);
    const I32 magnitude = code & broadcast(0x7F);
    const F32 number = half_to_f32(shift_left<8>(sign) | shift_left<7>(magnitude)) * broadcast(256.0F);
    return select(equal(magnitude, broadcast(0x7F)), broadcast(__builtin_nanf("")), number);
  }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<FloatE4M3>(blocks, n, out); }
};

// The upper half of a half: five bits of exponent, two of mantissa, infinities and NaN as IEEE has them.
struct FloatE5M2 : OneByte {
  static constexpr uint32_t id = kCheckpointTypes + 1;
  static constexpr const char* name = "F8_E5M2";

  static F32 sixteen(const Block* blocks) { return half_to_f32(shift_left<8>(load_u8(blocks))); }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<FloatE5M2>(blocks, n, out); }
};

struct Unsigned8 : OneByte {
  static constexpr uint32_t id = kCheckpointTypes + 2;
  static constexpr const char* name = "U8";

  static F32 sixteen(const Block* blocks) { return to_f32(load_u8(blocks)); }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Unsigned8>(blocks, n, out); }
};

struct Unsigned16 {
  struct [[gnu::packed]] Block {
    uint16_t bits;
  };
  static_assert(sizeof(Block) == 2);
  static constexpr uint32_t id = kCheckpointTypes + 3;
  static constexpr const char* name = "U16";
  static constexpr int elements = 1;

  static F32 sixteen(const Block* blocks) { return to_f32(load_u16(blocks)); }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Unsigned16>(blocks, n, out); }
  static void swap_bytes(Block& block) { block.bits = swap16(block.bits); }
};

struct Unsigned32 {
  struct [[gnu::packed]] Block {
    uint32_t bits;
  };
  static_assert(sizeof(Block) == 4);
  static constexpr uint32_t id = kCheckpointTypes + 4;
  static constexpr const char* name = "U32";
  static constexpr int elements = 1;

  // Moved into the range of signed integers and back: float64 holds both exactly.
  static F32 sixteen(const Block* blocks) {
    return to_f32(to_f64(load_i32(blocks) ^ broadcast(0x80000000U)) + broadcast(0x1p31));
  }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Unsigned32>(blocks, n, out); }
  static void swap_bytes(Block& block) { block.bits = __builtin_bswap32(block.bits); }
};

struct Unsigned64 {
  struct [[gnu::packed]] Block {
    uint64_t bits;
  };
  static_assert(sizeof(Block) == 8);
  static constexpr uint32_t id = kCheckpointTypes + 5;
  static constexpr const char* name = "U64";
  static constexpr int elements = 1;

  static void decode_run(const Block* blocks, size_t n, float* out) {  // see Int64
    for (size_t i = 0; i < n; ++i) out[i] = static_cast<float>(uint64_t{blocks[i].bits});
  }
  static void swap_bytes(Block& block) { block.bits = __builtin_bswap64(block.bits); }
};

// A byte; whatever is not 0 is true.
struct Boolean : OneByte {
  static constexpr uint32_t id = kCheckpointTypes + 6;
  static constexpr const char* name = "BOOL";

  static F32 sixteen(const Block* blocks) {
    return select(equal(load_u8(blocks), broadcast(0)), broadcast(0.0F), broadcast(1.0F));
  }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Boolean>(blocks, n, out); }
};

using checkpoint_formats = FormatList<FloatE4M3, FloatE5M2, Unsigned8, Unsigned16, Unsigned32, Unsigned64, Boolean>;

}  // namespace
}  // namespace ggufscope
