// The header of safetensors files.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "module.h"
#include "paths.h"
#include "safetensors/header.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

uint64_t head_size(const py::bytes& beginning, uint64_t file_size, const py::object& name) {
  return safetensors_head_size(beginning, file_size, file_system_path(name));
}

py::tuple parse(const py::bytes& head, uint64_t file_size, const py::object& name) {
  const std::string path = file_system_path(name);
  const std::string_view bytes = head;
  const SafetensorsHeader header = [&] {
    const py::gil_scoped_release release;
    return read_safetensors_header(bytes, file_size, path);
  }();
  py::list tensors;
  for (const SafetensorsTensor& tensor : header.tensors) {
    tensors.append(
        py::make_tuple(tensor.name, tensor.dtype->name, py::tuple(py::cast(tensor.shape)), tensor.begin, tensor.end));
  }
  return py::make_tuple(tensors, header.metadata);
}

}  // namespace

void register_safetensors(py::module_& module) {
  module.def("safetensors_head_size", &head_size, py::arg("beginning"), py::arg("file_size"), py::arg("name"));
  module.def("parse_safetensors", &parse, py::arg("head"), py::arg("file_size"), py::arg("name"));
}

}  // namespace ggufscope
