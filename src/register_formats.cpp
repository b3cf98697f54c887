// The type table, the instruction sets and decoding.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "contiguous.h"
#include "formats/types.h"
#include "kernels/dispatch.h"
#include "module.h"
#include "stream/cpu_quota.h"
#include "stream/dequantize.h"
#include "stream/parallel.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

py::dict describe(const TypeInfo& type) {
  py::dict row;
  row["id"] = type.id;
  row["name"] = type.name;
  row["elements_per_block"] = type.elements_per_block;
  row["bytes_per_block"] = type.bytes_per_block;
  row["scales_per_block"] = type.scales_per_block;
  row["code_bits"] = type.code_bits;
  row["fused"] = type.fused;
  row["magnitudes"] =
      type.fused ? py::object(py::make_tuple(type.magnitudes.least, type.magnitudes.below)) : py::none();
  py::list halves;
  for (const int32_t offset : type.half_offsets) {
    if (offset >= 0) halves.append(offset);
  }
  row["halves"] = py::tuple(halves);
  row["big_endian"] = type.swap_bytes != nullptr;
  row["ggml"] = type.is_of_ggml();
  return row;
}

py::list types() {
  py::list rows;
  for (const TypeInfo& type : all_types()) rows.append(describe(type));
  return rows;
}

py::object undecodable_type(uint32_t id) {
  const bool named = find_type(id) == nullptr && is_named_type(id);
  return named ? py::object(py::str(type_label(id))) : py::object(py::none());
}

// blocks: contiguous uint8, a whole number of blocks; out: contiguous float32 of as many elements as they hold.
void decode(const py::buffer& blocks, uint32_t type_id, const py::buffer& out, int threads, bool swapped,
            const std::string& isa) {
  const TypeInfo* type = find_type(type_id);
  if (type == nullptr) throw py::value_error("not a type this build decodes: " + std::to_string(type_id));
  const py::buffer_info source = contiguous(blocks.request());
  const py::buffer_info target = contiguous(out.request(true));
  const size_t n_blocks = static_cast<size_t>(source.size) / type->bytes_per_block;
  if (source.itemsize != 1 || static_cast<size_t>(source.size) % type->bytes_per_block != 0 ||
      target.itemsize != sizeof(float) || static_cast<size_t>(target.size) != n_blocks * type->elements_per_block) {
    throw py::value_error("buffers do not fit each other");
  }
  BlockMatrix matrix{type, n_blocks, type->elements_per_block, static_cast<const std::byte*>(source.ptr)};
  matrix.swapped = swapped;
  const KernelTable& table = isa.empty() ? kernels() : kernels(isa);
  const py::gil_scoped_release release;
  dequantize(matrix, threads, table, static_cast<float*>(target.ptr));
}

}  // namespace

void register_formats(py::module_& module) {
  module.def("types", &types, "The decodable types, one dict each, by id.");
  module.def("undecodable_type", &undecodable_type, py::arg("type"));
  module.def("available_isas", &available_isas);
  module.def("current_isa", [] { return kernels().isa; });
  module.def("usable_cores", py::overload_cast<>(&usable_cores));
  module.def(
      "usable_cores_below", [](const std::string& root) { return usable_cores(cpu_quota(root)); }, py::arg("root"));
  module.def("cpu_quota", &cpu_quota, py::arg("root") = "/");
  module.def("decode", &decode, py::arg("blocks"), py::arg("type"), py::arg("out"), py::arg("threads") = 1,
             py::arg("swapped") = false, py::arg("isa") = "");
}

}  // namespace ggufscope
