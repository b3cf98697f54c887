// Streams tensors through the kernels once and gathers their statistics.
//
//   sources ──▶ chunks of whole rows ──▶ segments (one head) ──▶ tiles in L1 ──▶ observers
//                cut by shape alone       for value statistics
//
// Workers take chunks in order and finish them in any; what they found is merged strictly in file order, in float64.
// The result has the same bits for any number of threads and any instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "gguf/reading_ways.h"
#include "kernels/dispatch.h"
#include "statistics/all.h"
#include "stream/blocks.h"

namespace ggufscope {

/// A tensor, or one expert of it.
struct Source {
  BlockMatrix matrix;
  uint64_t first_element = 0;  // its position in the tensor, for abs_max_index
  uint64_t group_rows = 0;     // rows of one head, or of gate or up; 0: no statistics of these
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
  /// How mapped files are read; nullopt: as their trials say.
  std::optional<ReadingWay> way = std::nullopt;
  /// Called now and then in the calling thread with the bytes done so far; may throw to cancel.
  std::function<void(uint64_t)> progress;
};

/// One Observation per source, in their order.
std::vector<Observation> observe(std::span<const Source> sources, const EngineOptions& options);

}  // namespace ggufscope
