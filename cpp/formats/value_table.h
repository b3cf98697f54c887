// Weights that are a step times one of sixteen integers, which a code of four bits looks up.
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

// The sixteen integers in every piece of sixteen bytes.
struct ValueTable {
  int8_t of[64] = {};
  explicit constexpr ValueTable(const int8_t (&values)[16]) {
    for (int i = 0; i < 64; ++i) of[i] = values[i % 16];
  }
};
// NOLINTBEGIN(readability-redundant-parentheses): those of the parameter's type, when a template is instantiated
template <const int8_t (&Values)[16]>
alignas(64) inline constexpr ValueTable kValueTable{Values};

// The integers of the low and of the high nibbles of each quad. Always inlined: what `visit` adds up stays in
// registers.
template <const int8_t (&Values)[16], class Visit>
[[gnu::always_inline]] inline void each_quad_of_values(const Quads& nibbles, Visit visit) {
  const I32 table = load_i32(kValueTable<Values>.of);
  for (const I32 quad : nibbles.of) {
    visit(pick_bytes(table, in_each_byte<15>(quad)));
    visit(pick_bytes(table, in_each_byte<15>(shift_right<4>(quad))));
  }
}
// NOLINTEND(readability-redundant-parentheses)

// Of 32 weights in sixteen bytes, low nibbles first.
template <const int8_t (&Values)[16], class Visit>
void each_square_of_values(const uint8_t* codes, float step, Visit visit) {
  const F32 weights = broadcast(step) * to_f32(load_i8(Values));
  const F32 squares = weights * weights;
  const I32 index = load_u8(codes);
  visit(0, pick(squares, index));
  visit(16, pick(squares, shift_right<4>(index)));
}

}  // namespace
}  // namespace ggufscope
