// Names of files, as Python and as the system have them.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace ggufscope {

/// Whatever names a file, str, bytes or os.PathLike, as the bytes the system uses.
std::string file_system_path(const pybind11::object& path);

/// Such bytes as a str.
pybind11::object decoded_path(const std::string& path);

}  // namespace ggufscope
