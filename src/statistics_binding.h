// Turning the engine's results into Python objects, and Python's callbacks into the engine's.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "stream/engine.h"

namespace ggufscope {

/// Options shared by all ways into the engine. `progress` (done, total) is called in the calling thread, which also
/// looks for Ctrl-C there; whatever it raises cancels the run. `total` is what it is told as the whole.
EngineOptions engine_options(int threads, bool fast, double sparsity_threshold, const std::string& isa,
                             const pybind11::object& progress, uint64_t total);

}  // namespace ggufscope
