// Streams tensors through the kernels once and gathers their statistics.
//
//   sources ──▶ chunks of whole rows ──▶ segments (one head) ──▶ tiles in L1 ──▶ observers
//                cut by shape alone       for value statistics
//
// Workers take chunks in order and finish them in any; what they found is merged strictly in file order, in float64.
// The result has the same bits for any number of threads and any instruction set.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "formats/types.h"
#include "gguf/mapping.h"
#include "kernels/dispatch.h"
#include "statistics/all.h"

namespace ggufscope {

/// A matrix of weights in memory: a tensor, or one expert of it.
struct Source {
  const std::byte* data;
  const TypeInfo* type;
  uint64_t rows;
  uint64_t columns;
  uint64_t first_element;         // its position in the tensor, for abs_max_index
  uint64_t group_rows;            // rows of one attention head; 0: no statistics per head
  bool swapped;                   // of the other byte order; type->swap_bytes must not be null
  const Mapping* file = nullptr;  // what data lies in, where it is read from a file
};

struct Observation {
  Statistics statistics;
  std::vector<Values> groups;
};

struct EngineOptions {
  int threads = 1;
  bool fast = false;
  float sparsity_threshold = 1e-6F;
  const KernelTable* table = nullptr;
  /// Called now and then in the calling thread with the bytes done so far; may throw to cancel.
  std::function<void(uint64_t)> progress;
};

/// One Observation per source, in their order.
std::vector<Observation> observe(std::span<const Source> sources, const EngineOptions& options);

}  // namespace ggufscope
