// What the IQ types share: codebooks laid out for loading, and signs stored apart from magnitudes.
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

/// A codebook ready to load: one row of bytes per codeword.
template <class Value, int Rows, int Columns>
struct Grid {
  Value row[Rows][Columns];
};

/// Unpacks rows of 16 / Columns bits per entry, as grids/*.h hold them; evaluated by the compiler.
template <int Columns, class Value, int Values, int Rows>
constexpr Grid<Value, Rows, Columns> make_grid(const Value (&values)[Values], const uint16_t (&rows)[Rows]) {
  constexpr int bits = 16 / Columns;
  Grid<Value, Rows, Columns> grid{};
  for (int r = 0; r < Rows; ++r) {
    for (int c = 0; c < Columns; ++c) grid.row[r][c] = values[rows[r] >> bits * c & ((1 << bits) - 1)];
  }
  return grid;
}

/// Of eight signs seven are stored: the eighth makes the number of minus signs even (ggml's ksigns_iq2xs).
struct EvenSigns {
  uint8_t of[128];
};
constexpr EvenSigns make_even_signs() {
  EvenSigns signs{};
  for (uint32_t seven = 0; seven < 128; ++seven) {
    signs.of[seven] = static_cast<uint8_t>(seven | static_cast<uint32_t>(__builtin_popcount(seven) % 2) << 7);
  }
  return signs;
}
inline constexpr EvenSigns kEvenSigns = make_even_signs();

inline uint32_t even_signs(uint32_t first_seven, uint32_t second_seven) {
  return kEvenSigns.of[first_seven & 127U] | static_cast<uint32_t>(kEvenSigns.of[second_seven & 127U]) << 8;
}

/// The scale with a minus in the lanes whose bit is set. ggml multiplies scale · magnitude by ±1 instead; rounding is
/// symmetric, so the bits are the same.
inline F32 with_signs(float scale, uint32_t negative) {
  return select(mask_from_bits(negative), broadcast(-scale), broadcast(scale));
}

/// Sixteen 4-bit fields, low one first, from eight bytes.
inline I32 load_nibbles(const void* eight_bytes) {
  const I32 byte = pick(load_u8(eight_bytes, eight_bytes), shift_right<1>(iota()));
  return shift_right(byte, shift_left<2>(iota() & broadcast(1))) & broadcast(15);
}

}  // namespace
}  // namespace ggufscope
