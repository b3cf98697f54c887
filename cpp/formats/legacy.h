// The first generation of ggml quantization: blocks of 32 weights with one or two half-precision numbers.
// Source: ggml/src/ggml-common.h (block_q4_0 …), ggml-quants.c (dequantize_row_q4_0 …).
#pragma once

#include "formats/legacy_centered.h"
#include "formats/legacy_lines.h"

namespace ggufscope {
namespace {

using legacy_formats = FormatList<Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q8_1>;

}  // namespace
}  // namespace ggufscope
