// Models whose bytes are read by readers: files that lie elsewhere, and files that are composed of others.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "model_handle.h"

namespace ggufscope {

/// What composed files have in their segments: Zeros and Rows.
void register_segments(pybind11::module_& module);

/// The file of a name, which a reader from `opener` reads, and the shards of its model.
std::shared_ptr<ModelHandle> model_from_readers(const pybind11::object& name, const pybind11::function& opener);

/// The file that has a header and, behind it, segments of what readers read.
std::shared_ptr<ModelHandle> composed_model(const pybind11::bytes& header, const pybind11::sequence& segments,
                                            const pybind11::sequence& readers, const pybind11::object& name);

}  // namespace ggufscope
