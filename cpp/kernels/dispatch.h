// Chooses, once and at run time, the kernels this CPU can run.
#pragma once

#include <string_view>
#include <vector>

#include "kernels/kernels.h"

namespace ggufscope {

struct KernelTable {
  std::string_view isa;  // "generic", "neon", "avx2", "avx512", "avx512icl"
  std::vector<FormatKernels> formats;
  StatisticsKernels statistics;
  ProductKernels products;
  PairKernels pairs;
  StreamKernels stream;

  /// The kernels of a type that find_type knows.
  const FormatKernels& format(uint32_t type) const;
};

/// The instruction sets this build holds and this machine can run, slowest first.
std::vector<std::string_view> available_isas();

/// The kernels for a named instruction set. Throws std::invalid_argument when it is unknown or cannot run here.
const KernelTable& kernels(std::string_view isa);

/// The kernels named by GGUFSCOPE_ISA or, when that is unset or empty, the fastest this machine can run. Throws
/// std::invalid_argument, naming the variable, when it asks for what cannot run here.
const KernelTable& kernels();

}  // namespace ggufscope
