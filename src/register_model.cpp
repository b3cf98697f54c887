// Models: the mapped file, its tensor table, its metadata, its bytes; and how errors of the core look in Python.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gguf/mapping.h"
#include "matrices.h"
#include "metadata_values.h"
#include "model_handle.h"
#include "module.h"
#include "paths.h"
#include "read_models.h"
#include "stream/dequantize.h"
#include "value_class.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

// OSError(errno, …, path) becomes FileNotFoundError, IsADirectoryError, PermissionError by its errno.
void raise_os_error(const std::filesystem::filesystem_error& error) {
  errno = error.code().value();
  PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, decoded_path(error.path1().native()).ptr());
}

void register_errors(py::module_& module) {
  const auto error = py::register_exception<GGUFError>(module, "GGUFError", PyExc_ValueError);
  error.attr("__doc__") = "A malformed or unusable file; one line: file, then tensor or key, then byte offset.";
  const auto unsupported = py::register_exception<UnsupportedTypeError>(module, "UnsupportedTypeError", error);
  unsupported.attr("__doc__") = "A tensor type that is known by name but not decodable.";
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const std::filesystem::filesystem_error& failure) {
      raise_os_error(failure);
    }
  });
}

// None where nothing is chosen: for a file that is not mapped, or that was not observed as far.
std::optional<std::string> chosen_way(const InputFile& file) {
  const Mapping* mapping = file.mapping();
  const auto way = mapping == nullptr ? std::nullopt : mapping->trial().chosen();
  return way ? std::optional<std::string>(name_of(*way)) : std::nullopt;
}

std::shared_ptr<ModelHandle> open_model(const py::object& path) {
  const std::string native = file_system_path(path);
  std::shared_ptr<const Model> model;
  {
    const py::gil_scoped_release release;
    model = Model::open(native);
  }
  return std::make_shared<ModelHandle>(std::move(model), std::filesystem::absolute(native));
}

// A pickle holds the path alone: whoever loads it opens the file anew.
py::tuple reduce_model(const py::object& self) {
  const auto& handle = py::cast<const ModelHandle&>(self);
  handle.get();
  if (handle.path().empty()) throw py::type_error("a model that is read by readers cannot be pickled");
  return py::make_tuple(py::type::of(self), py::make_tuple(decoded_path(handle.path().native())));
}

const TensorInfo& tensor_at(const Model& model, py::ssize_t index) {
  if (index < 0 || static_cast<size_t>(index) >= model.tensors().size()) {
    throw py::index_error(concat("the model has ", model.tensors().size(), " tensors"));
  }
  return model.tensors()[static_cast<size_t>(index)];
}

uint64_t columns_of(const TensorInfo& tensor) { return tensor.shape.empty() ? 1 : tensor.shape.back(); }

uint64_t row_bytes(const TensorInfo& tensor) {
  return columns_of(tensor) / tensor.type->elements_per_block * tensor.type->bytes_per_block;
}

std::vector<py::ssize_t> shape_of_bytes(const TensorInfo& tensor) {
  std::vector<py::ssize_t> shape(std::max<size_t>(1, tensor.shape.size()));  // a scalar is one row
  std::ranges::copy(tensor.shape, shape.begin());
  shape.back() = static_cast<py::ssize_t>(row_bytes(tensor));
  return shape;
}

py::array view_of(const Model& model, const TensorInfo& tensor, const std::byte* data) {
  using Owner = std::shared_ptr<const InputFile>;
  const py::capsule owner(new Owner(model.files()[tensor.file].input),
                          [](void* pointer) { delete static_cast<Owner*>(pointer); });
  return py::array(py::dtype::of<uint8_t>(), shape_of_bytes(tensor), data, owner);
}

py::array copy_of(const Model& model, const TensorInfo& tensor) {
  py::array copy(py::dtype::of<uint8_t>(), shape_of_bytes(tensor));
  auto* out = static_cast<std::byte*>(copy.mutable_data());
  const py::gil_scoped_release release;
  model.input(tensor).read(tensor.offset, out, tensor.n_bytes);
  return copy;
}

py::array tensor_bytes(const ModelHandle& handle, py::ssize_t index) {
  const auto model = handle.get();
  const TensorInfo& tensor = tensor_at(*model, index);
  const std::byte* data = model->data(tensor);
  py::array bytes = data == nullptr ? copy_of(*model, tensor) : view_of(*model, tensor, data);
  bytes.attr("flags").attr("writeable") = false;
  return bytes;
}

py::bytes read_bytes(const ModelHandle& handle, size_t file, uint64_t offset, uint64_t size) {
  const auto model = handle.get();
  if (file >= model->files().size()) throw py::index_error(concat("the model has ", model->files().size(), " files"));
  const InputFile& input = *model->files()[file].input;
  if (offset > input.size() || size > input.size() - offset) {
    throw py::value_error(concat(size, " bytes at byte ", offset, " lie outside a file of ", input.size()));
  }
  py::bytes copy(nullptr, size);  // filled before anybody else can see it
  auto* out = reinterpret_cast<std::byte*>(PyBytes_AS_STRING(copy.ptr()));
  const py::gil_scoped_release release;
  input.read(offset, out, size);  // from the file: pages of a mapping that were touched count as memory taken
  input.require_intact();
  return copy;
}

// Rows of `out`, after checking that it is memory we may fill with them.
uint64_t require_rows(const TensorInfo& tensor, uint64_t first_row, const py::array& out) {
  constexpr int fillable = int{py::array::c_style} | int{py::detail::npy_api::NPY_ARRAY_ALIGNED_};
  if (!out.dtype().equal(py::dtype::of<float>()) || (out.flags() & fillable) != fillable || !out.writeable()) {
    throw py::type_error("out must be a writable, C-contiguous float32 array");
  }
  const uint64_t columns = columns_of(tensor);
  const uint64_t rows = columns == 0 ? 0 : tensor.n_elements / columns;
  const auto size = static_cast<uint64_t>(out.size());
  const uint64_t wanted = columns == 0 ? 0 : size / columns;
  if (wanted * columns != size || first_row > rows || wanted > rows - first_row) {
    throw py::value_error(concat("out of ", size, " elements from row ", first_row, " does not fit tensor '",
                                 escaped(tensor.name), "' of ", rows, " rows of ", columns));
  }
  return wanted;
}

void decode_rows(const ModelHandle& handle, py::ssize_t index, uint64_t first_row, py::array out, int threads,
                 const std::string& isa) {
  const auto model = handle.get();
  const TensorInfo& tensor = tensor_at(*model, index);
  const uint64_t rows = require_rows(tensor, first_row, out);
  if (threads < 1) throw py::value_error("threads must be at least 1");
  if (rows == 0) return;
  const KernelTable& table = isa.empty() ? kernels() : kernels(isa);
  const uint64_t begin = first_row * row_bytes(tensor);
  const std::byte* data = model->data(tensor);
  BlockMatrix matrix{tensor.type, rows, columns_of(tensor), data == nullptr ? nullptr : data + begin};
  matrix.source = &model->input(tensor);
  matrix.offset = tensor.offset + begin;
  matrix.swapped = model->swapped();
  auto* values = static_cast<float*>(out.mutable_data());
  const py::gil_scoped_release release;
  dequantize(matrix, threads, table, values);
}

py::object value_of(const ModelHandle& handle, const std::string& key, std::optional<int64_t> limit, bool listed) {
  const auto model = handle.get();
  const MetadataEntry* entry = model->metadata().find(key);
  if (entry == nullptr) throw py::key_error(key);
  if (limit && *limit < 0) throw py::value_error("limit must not be negative");
  const File& file = model->files().front();
  return metadata_value(file, *entry, limit ? std::optional(static_cast<uint64_t>(*limit)) : std::nullopt, listed);
}

void expect_tensors(const ModelHandle& handle, const std::vector<py::ssize_t>& tensors) {
  const auto model = handle.get();
  for (const py::ssize_t index : tensors) tensor_at(*model, index);
  const std::vector<size_t> indices(tensors.begin(), tensors.end());
  const py::gil_scoped_release release;
  model->expect(indices);
}

template <class Row>
py::object cached(py::object& list, const std::vector<Row>& rows) {
  if (!list) list = py::cast(rows);
  return list;
}

template <class Get>
auto file_list(Get get) {
  return [get](const ModelHandle& handle) {
    py::list values;
    for (const File& file : handle.get()->files()) values.append(get(*file.input));
    return values;
  };
}

py::tuple shape_of(const TensorInfo& tensor) { return py::tuple(py::cast(tensor.shape)); }

void register_rows(py::module_& module) {
  py::class_<TensorInfo> row(module, "TensorInfo", "One row of the tensor table.");
  define_value(row);
  row.def_readonly("name", &TensorInfo::name)
      .def_property_readonly("type", [](const TensorInfo& tensor) { return tensor.type->id; })
      .def_property_readonly("shape", &shape_of)
      .def_readonly("n_elements", &TensorInfo::n_elements)
      .def_readonly("n_bytes", &TensorInfo::n_bytes)
      .def_property_readonly("n_parts", [](const TensorInfo& tensor) { return Matrices(tensor).count; })
      .def_readonly("file", &TensorInfo::file)
      .def_readonly("offset", &TensorInfo::offset);
  py::class_<MetadataEntry> entry(module, "MetadataEntry", "One metadata key; its value stays in the file.");
  define_value(entry);
  entry.def_readonly("key", &MetadataEntry::key)
      .def_readonly("kind", &MetadataEntry::kind)
      .def_readonly("length", &MetadataEntry::length)
      .def_property_readonly("file", [](const MetadataEntry&) { return 0; });
}

}  // namespace

void register_model(py::module_& module) {
  register_errors(module);
  register_rows(module);
  register_segments(module);
  py::class_<ModelHandle, std::shared_ptr<ModelHandle>> model(module, "Model", "A GGUF file, or all its shards.");
  refuse_uninitialized(model);
  model.def(py::init(&open_model), py::arg("path"))
      .def_static("from_readers", &model_from_readers, py::arg("name"), py::arg("opener"))
      .def_static("composed", &composed_model, py::arg("header"), py::arg("segments"), py::arg("readers"),
                  py::arg("name"))
      .def_property_readonly("files", file_list([](const InputFile& file) { return decoded_path(file.path()); }))
      .def_property_readonly("file_sizes", file_list([](const InputFile& file) { return file.size(); }))
      .def_property_readonly("reading_ways", file_list(&chosen_way))
      .def_property_readonly("version", [](const ModelHandle& h) { return h.get()->files().front().version; })
      .def_property_readonly("byte_order", [](const ModelHandle& h) { return h.get()->swapped() ? "big" : "little"; })
      .def_property_readonly("alignment", [](const ModelHandle& h) { return h.get()->files().front().alignment; })
      .def_property_readonly("tensors", [](ModelHandle& h) { return cached(h.tensors, h.get()->tensors()); })
      .def_property_readonly("metadata",
                             [](ModelHandle& h) { return cached(h.metadata, h.get()->metadata().entries()); })
      .def_property_readonly("closed", &ModelHandle::closed)
      .def("value", &value_of, py::arg("key"), py::arg("limit") = py::none(), py::arg("listed") = false)
      .def("data", &tensor_bytes, py::arg("tensor"))
      .def("read", &read_bytes, py::arg("file"), py::arg("offset"), py::arg("size"))
      .def("decode", &decode_rows, py::arg("tensor"), py::arg("first_row"), py::arg("out"), py::arg("threads"),
           py::arg("isa") = "")
      .def("expect", &expect_tensors, py::arg("tensors"))
      .def("close", &ModelHandle::close)
      .def("__reduce__", &reduce_model);
}

}  // namespace ggufscope
