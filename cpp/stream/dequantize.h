// Blocks to float32, in parallel where there is enough to do.
#pragma once

#include "stream/blocks.h"

namespace ggufscope {

/// Decodes all of a matrix into out[rows × columns]. Throws std::invalid_argument where its type has no form in the
/// other byte order. threads ≥ 1; results under 4 MB are decoded by the calling thread alone.
void dequantize(const BlockMatrix& matrix, int threads, const KernelTable& table, float* out);

}  // namespace ggufscope
