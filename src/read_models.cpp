#include "read_models.h"

#include <pybind11/stl.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "gguf/composed_bytes.h"
#include "gguf/mapping.h"
#include "paths.h"
#include "python_reader.h"
#include "value_class.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

struct Zeros {
  uint64_t size;
};

struct Rows {
  size_t reader;
  uint64_t offset;
  uint64_t row_bytes;
  RowOrder order;
};

constexpr uint64_t kSmallestHeader = 24;  // without keys and tensors

RowOrder order_of(uint64_t rows, const std::variant<std::string, std::vector<uint64_t>>& order, uint64_t heads) {
  if (const auto* places = std::get_if<std::vector<uint64_t>>(&order)) return RowOrder::listed(rows, *places);
  const auto& name = std::get<std::string>(order);
  if (name == "halves_to_pairs") return RowOrder::halves_to_pairs(rows, heads);
  if (name == "pairs_to_halves") return RowOrder::pairs_to_halves(rows, heads);
  throw py::value_error("no order of rows is called '" + escaped(name) + "'");
}

// The file that a reader of `opener` reads. Of another shard than the one the caller named, FileNotFoundError becomes
// what the system says.
File open_read(const std::string& path, bool is_named, const py::function& opener) {
  auto reader = [&] {
    const py::gil_scoped_acquire acquire;
    try {
      return std::make_unique<const PythonReader>(opener(decoded_path(path)));
    } catch (py::error_already_set& error) {
      if (is_named || !error.matches(PyExc_FileNotFoundError)) throw;
    }
    throw std::filesystem::filesystem_error("cannot open", path,
                                            std::make_error_code(std::errc::no_such_file_or_directory));
  }();
  const std::string name = reader->name();
  const uint64_t size = reader->size();
  return File::open(std::make_shared<HeadedFile>(name, size, std::move(reader)));
}

Component component_of(const py::handle& reader) {
  if (py::isinstance<py::str>(reader)) {
    const auto file = Mapping::open(file_system_path(py::reinterpret_borrow<py::object>(reader)));
    return {file, file->size(), file->path()};
  }
  const auto bytes = std::make_shared<const PythonReader>(py::reinterpret_borrow<py::object>(reader));
  return {bytes, bytes->size(), bytes->name()};
}

std::tuple<size_t, uint64_t, uint64_t> run_of(const py::handle& segment) {
  try {
    return py::cast<std::tuple<size_t, uint64_t, uint64_t>>(segment);
  } catch (const py::cast_error&) {
    throw py::type_error("a segment is bytes, Zeros, Rows or a tuple (reader, offset, size) of numbers from 0 on");
  }
}

void add_segment(ComposedBytes& bytes, const py::handle& segment) {
  if (py::isinstance<py::bytes>(segment)) {
    bytes.add_memory(py::cast<std::string>(segment));
  } else if (py::isinstance<Zeros>(segment)) {
    bytes.add_zeros(py::cast<const Zeros&>(segment).size);
  } else if (py::isinstance<Rows>(segment)) {
    const auto& rows = py::cast<const Rows&>(segment);
    bytes.add_rows(rows.reader, rows.offset, rows.row_bytes, rows.order);
  } else {
    const auto [reader, offset, size] = run_of(segment);
    bytes.add_run(reader, offset, size);
  }
}

}  // namespace

void register_segments(py::module_& module) {
  py::class_<Zeros> zeros(module, "Zeros", "Bytes of a composed file that are 0.");
  refuse_uninitialized(zeros);
  zeros.def(py::init([](uint64_t size) { return Zeros{size}; }), py::arg("size")).def_readonly("size", &Zeros::size);
  py::class_<Rows> rows(module, "Rows", "Rows of a run, in another order.");
  refuse_uninitialized(rows);
  rows.def(py::init([](size_t reader, uint64_t offset, uint64_t row_bytes, uint64_t n_rows,
                       const std::variant<std::string, std::vector<uint64_t>>& order,
                       uint64_t heads) { return Rows{reader, offset, row_bytes, order_of(n_rows, order, heads)}; }),
           py::arg("reader"), py::arg("offset"), py::arg("row_bytes"), py::arg("rows"), py::arg("order"),
           py::arg("heads") = 1)
      .def_readonly("reader", &Rows::reader)
      .def_readonly("offset", &Rows::offset)
      .def_readonly("row_bytes", &Rows::row_bytes);
}

std::shared_ptr<ModelHandle> model_from_readers(const py::object& name, const py::function& opener) {
  const std::string path = file_system_path(name);
  std::shared_ptr<const Model> model;
  {
    const py::gil_scoped_release release;
    model = Model::open(path, [&](const std::string& file) { return open_read(file, file == path, opener); });
  }
  return std::make_shared<ModelHandle>(std::move(model), std::filesystem::path());
}

std::shared_ptr<ModelHandle> composed_model(const py::bytes& header, const py::sequence& segments,
                                            const py::sequence& readers, const py::object& name) {
  const std::string path = file_system_path(name);
  std::vector<Component> components;
  for (const py::handle& reader : readers) components.push_back(component_of(reader));
  auto bytes = std::make_unique<ComposedBytes>(std::move(components));
  auto head = py::cast<std::string>(header);
  const uint64_t head_size = head.size();
  if (head_size < kSmallestHeader) throw py::value_error("a header has 24 bytes at least");
  bytes->add_memory(std::move(head));
  for (const py::handle& segment : segments) add_segment(*bytes, segment);
  const uint64_t size = bytes->size();
  std::shared_ptr<const Model> model;
  {
    const py::gil_scoped_release release;
    const auto file = std::make_shared<HeadedFile>(path, size, std::move(bytes), head_size);
    model = Model::of(File::open(file, TypesOf::any));
  }
  if (const uint64_t start = model->files().front().data_start; start != head_size) {
    throw py::value_error(concat("the header has ", head_size, " bytes, its data section begins at ", start));
  }
  return std::make_shared<ModelHandle>(std::move(model), std::filesystem::path());
}

}  // namespace ggufscope
