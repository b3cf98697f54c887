// Which tensors of two models belong together.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "gguf/model.h"

namespace ggufscope {

/// Indices of tensors. Each list is in the order of the file that its first index counts in.
struct TensorMatch {
  using Pair = std::pair<uint64_t, uint64_t>;  // of the reference, of the model

  std::vector<Pair> pairs;        // the same name and shape, of whatever types
  std::vector<Pair> reshaped;     // the same name, another shape
  std::vector<uint64_t> missing;  // of the reference: the model has no such name
  std::vector<uint64_t> extra;    // of the model: the reference has no such name
};

TensorMatch match_tensors(const Model& reference, const Model& model);

}  // namespace ggufscope
