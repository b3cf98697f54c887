// Turning the engine's results into Python objects, and Python's callbacks into the engine's.
#pragma once

#include <pybind11/pybind11.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gguf/model.h"
#include "stream/engine.h"

namespace ggufscope {

/// A dict of the fields, each as the Python type of its kind.
pybind11::dict to_dict(const Fields& fields);

/// A function for the engine that calls `progress` (done, total) with the GIL and looks for Ctrl-C.
std::function<void(uint64_t)> report_to(const pybind11::object& progress, uint64_t total);

/// The same function. When it throws, reads of these models that wait in other threads are told to give up.
std::function<void(uint64_t)> cancelling(std::function<void(uint64_t)> report,
                                         std::vector<std::shared_ptr<const Model>> models);

/// Options shared by all ways into the engine. `progress` (done, total) is called in the calling thread, which also
/// looks for Ctrl-C there; whatever it raises cancels the run. `total` is what it is told as the whole.
EngineOptions engine_options(int threads, bool fast, double sparsity_threshold, const std::string& isa,
                             const pybind11::object& progress, uint64_t total);

}  // namespace ggufscope
