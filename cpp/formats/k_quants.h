// The K-quants: super-blocks of 256 weights in sub-blocks of 16 or 32, each with a quantized scale of its own.
// Source: ggml/src/ggml-common.h (block_q2_K …), ggml-quants.c (dequantize_row_q2_K …).
#pragma once

#include "formats/k_centered.h"
#include "formats/k_lines.h"

namespace ggufscope {
namespace {

using k_quants_formats = FormatList<Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, Q8_K>;

}  // namespace
}  // namespace ggufscope
