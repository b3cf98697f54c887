// Shows raw blocks to the statistics that look at them.
#pragma once

#include "kernels/lists.h"

namespace ggufscope {
namespace {

template <class Format, class... Statistic>
void observe_blocks(StatisticList<Statistic...>, const typename Format::Block* blocks, size_t n,
                    const Targets& targets) {
  const auto observe = [&]<class Each>(StatisticList<Each>) {
    if (!Each::kFast && !targets.full) return;
    SummingBlocks<Each, Format> summing(targets.of<Each>());
    for (size_t i = 0; i < n; ++i) summing.add_block(blocks[i]);
    summing.finish();
  };
  (observe(StatisticList<Statistic>{}), ...);
}

}  // namespace
}  // namespace ggufscope
