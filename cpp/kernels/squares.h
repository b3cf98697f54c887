// Squares of weights, for the norms of columns.
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

// Sixteen weights from each place on: visit(i, F32).
template <class Format, class Visit>
void each_square(const typename Format::Block& block, Visit visit) {
  if constexpr (kPicksAtOnce && requires { Format::each_square(block, visit); }) {
    Format::each_square(block, visit);
  } else {
    alignas(64) float weights[Format::elements];
    Format::decode(block, weights);
    for (int i = 0; i < Format::elements; i += kLanes) visit(i, load(weights + i) * load(weights + i));
  }
}

}  // namespace
}  // namespace ggufscope
