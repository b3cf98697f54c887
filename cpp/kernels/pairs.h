// The kernel of pair statistics. Built once per instruction set.
#pragma once

#include "statistics/all.h"

namespace ggufscope {

struct PairKernels {
  // Shows a tile to every pair statistic.
  void (*observe)(const PairTile& tile, const PairTargets<PairStatistics>& targets);
};

}  // namespace ggufscope
