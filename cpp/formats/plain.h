// Numbers stored as they are: IEEE floats, bfloat16 and signed integers. One "block" is one number.
//
// ggml hands F32 through and widens F16 and BF16, both exactly. It has no row decoder for F64 and the integers; here
// they become float32 with one rounding to nearest, ties to even.
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

// Decodes sixteen numbers at a time. A rest of fewer is copied into a full group first: the same instructions, and
// so the same bits, whichever position a number has in a run.
template <class Format>
inline void decode_sixteens(const typename Format::Block* blocks, size_t n, float* out) {
  for (; n >= kLanes; n -= kLanes, blocks += kLanes, out += kLanes) store(out, Format::sixteen(blocks));
  if (n == 0) return;
  typename Format::Block group[kLanes] = {};
  float decoded[kLanes];
  std::memcpy(group, blocks, n * sizeof *group);
  store(decoded, Format::sixteen(group));
  std::memcpy(out, decoded, n * sizeof *out);
}

struct Float32 {
  struct [[gnu::packed]] Block {
    uint32_t bits;
  };
  static_assert(sizeof(Block) == 4);
  static constexpr uint32_t id = 0;
  static constexpr const char* name = "F32";
  static constexpr int elements = 1;

  static void decode_run(const Block* blocks, size_t n, float* out) {
    if (n > 0) std::memcpy(out, blocks, n * sizeof *out);
  }
  static void swap_bytes(Block& block) { block.bits = __builtin_bswap32(block.bits); }
};

struct Float16 {
  struct [[gnu::packed]] Block {
    uint16_t bits;
  };
  static_assert(sizeof(Block) == 2);
  static constexpr uint32_t id = 1;
  static constexpr const char* name = "F16";
  static constexpr int elements = 1;

  static F32 sixteen(const Block* blocks) { return half_to_f32(load_u16(blocks)); }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Float16>(blocks, n, out); }
  static void swap_bytes(Block& block) { block.bits = swap16(block.bits); }
};

struct Int8 {
  struct [[gnu::packed]] Block {
    int8_t value;
  };
  static_assert(sizeof(Block) == 1);
  static constexpr uint32_t id = 24;
  static constexpr const char* name = "I8";
  static constexpr int elements = 1;

  static F32 sixteen(const Block* blocks) { return to_f32(load_i8(blocks)); }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Int8>(blocks, n, out); }
  static void swap_bytes(Block&) {}
};

struct Int16 {
  struct [[gnu::packed]] Block {
    uint16_t bits;
  };
  static_assert(sizeof(Block) == 2);
  static constexpr uint32_t id = 25;
  static constexpr const char* name = "I16";
  static constexpr int elements = 1;

  static F32 sixteen(const Block* blocks) { return to_f32(load_i16(blocks)); }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Int16>(blocks, n, out); }
  static void swap_bytes(Block& block) { block.bits = swap16(block.bits); }
};

struct Int32 {
  struct [[gnu::packed]] Block {
    uint32_t bits;
  };
  static_assert(sizeof(Block) == 4);
  static constexpr uint32_t id = 26;
  static constexpr const char* name = "I32";
  static constexpr int elements = 1;

  static F32 sixteen(const Block* blocks) { return to_f32(load_i32(blocks)); }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Int32>(blocks, n, out); }
  static void swap_bytes(Block& block) { block.bits = __builtin_bswap32(block.bits); }
};

struct Int64 {
  struct [[gnu::packed]] Block {
    uint64_t bits;
  };
  static_assert(sizeof(Block) == 8);
  static constexpr uint32_t id = 27;
  static constexpr const char* name = "I64";
  static constexpr int elements = 1;

  // Not by way of float64, which would round twice; a plain conversion is one rounding on every instruction set.
  static void decode_run(const Block* blocks, size_t n, float* out) {
    for (size_t i = 0; i < n; ++i) out[i] = static_cast<float>(static_cast<int64_t>(blocks[i].bits));
  }
  static void swap_bytes(Block& block) { block.bits = __builtin_bswap64(block.bits); }
};

struct Float64 {
  struct [[gnu::packed]] Block {
    uint64_t bits;
  };
  static_assert(sizeof(Block) == 8);
  static constexpr uint32_t id = 28;
  static constexpr const char* name = "F64";
  static constexpr int elements = 1;

  static double number(const Block& block) { return __builtin_bit_cast(double, uint64_t{block.bits}); }
  static F32 sixteen(const Block* blocks) {
    const void* bytes = blocks;  // load asks for no alignment
    return to_f32(load(static_cast<const double*>(bytes)));
  }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Float64>(blocks, n, out); }
  static void swap_bytes(Block& block) { block.bits = __builtin_bswap64(block.bits); }
};

// The upper half of a float32, so widening is a shift.
struct Bfloat16 {
  struct [[gnu::packed]] Block {
    uint16_t bits;
  };
  static_assert(sizeof(Block) == 2);
  static constexpr uint32_t id = 30;
  static constexpr const char* name = "BF16";
  static constexpr int elements = 1;

  static F32 sixteen(const Block* blocks) { return as_f32(shift_left<16>(load_u16(blocks))); }
  static void decode_run(const Block* blocks, size_t n, float* out) { decode_sixteens<Bfloat16>(blocks, n, out); }
  static void swap_bytes(Block& block) { block.bits = swap16(block.bits); }
};

using plain_formats = FormatList<Float32, Float16, Int8, Int16, Int32, Int64, Float64, Bfloat16>;

}  // namespace
}  // namespace ggufscope
