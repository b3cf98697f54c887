// Metadata values as Python objects.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>

#include "gguf/file.h"

namespace ggufscope {

/// int, float, bool or str; NumPy array (native byte order) for numbers, or a list where they are to be `listed`; list
/// for strings and nested arrays. An array gives its first `limit` elements. Bytes that are not UTF-8 become \xNN.
pybind11::object metadata_value(const File& file, const MetadataEntry& entry, std::optional<uint64_t> limit,
                                bool listed);

}  // namespace ggufscope
