// Squares of weights, for the norms of columns.
#pragma once

#include "formats/format.h"

namespace ggufscope {
namespace {

template <class Format>
class Squares {
  static constexpr bool kFromTable = kPicksAtOnce && requires(const typename Format::Block& block, Lines lines) {
    Format::each_square(block, lines, [](int, F32) {});
  };

 public:
  void observe(const Line& line) {
    if constexpr (!kFromTable) return;
    store(steps_, line.step);
    store(bases_, line.base);
    keep_in_memory(steps_);
    keep_in_memory(bases_);
  }
  // Of block b of the group, sixteen weights from each place on: visit(i, F32).
  template <class Visit>
  void each(const typename Format::Block& block, int b, Visit visit) const {
    constexpr int kLanesPerBlock = kLanes / Format::blocks_per_group;
    const Lines lines{steps_ + b * kLanesPerBlock, bases_ + b * kLanesPerBlock};
    if constexpr (kFromTable) {
      Format::each_square(block, lines, visit);
    } else {
      alignas(64) float weights[Format::elements];
      Format::decode(block, weights);
#pragma GCC unroll 16
      for (int i = 0; i < Format::elements; i += kLanes) visit(i, load(weights + i) * load(weights + i));
    }
  }

 private:
  alignas(64) float steps_[kLanes];
  alignas(64) float bases_[kLanes];
};

}  // namespace
}  // namespace ggufscope
