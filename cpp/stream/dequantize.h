// Blocks to float32, in parallel where there is enough to do.
#pragma once

#include <cstddef>

#include "formats/types.h"
#include "kernels/dispatch.h"

namespace ggufscope {

/// Decodes `n_blocks` blocks of `type` into out[n_blocks × elements_per_block]. `swapped` blocks come from a
/// big-endian file; throws std::invalid_argument where the type has no byte order (type.swap_bytes == nullptr).
/// threads ≥ 1; buffers under 4 MB are decoded by the calling thread alone.
void dequantize(const TypeInfo& type, const std::byte* blocks, size_t n_blocks, bool swapped, int threads,
                const KernelTable& table, float* out);

}  // namespace ggufscope
