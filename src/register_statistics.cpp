// The statistics and the engine on plain buffers.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "contiguous.h"
#include "module.h"
#include "statistics_binding.h"
#include "stream/engine.h"
#include "stream/parallel.h"
#include "value_class.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

template <class T>
py::array_t<T> to_array(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

struct ToPython {
  py::object operator()(std::monostate) const { return py::none(); }
  py::object operator()(uint64_t value) const { return py::int_(value); }
  py::object operator()(double value) const { return py::float_(value); }
  py::object operator()(const std::vector<double>& values) const { return to_array(values); }
  py::object operator()(const Bins& bins) const { return py::make_tuple(to_array(bins.keys), to_array(bins.counts)); }
};

// What follows is arithmetic too, and a caller that flushes denormals would read 0 for a tensor's extremes.
Fields fields_of(const Statistics& statistics) {
  const FloatingPointScope arithmetic;
  return statistics.fields();
}

void merge(Statistics& statistics, const Statistics& later) {
  const FloatingPointScope arithmetic;
  statistics.merge(later);
}

void append(Statistics& statistics, const Statistics& later) {
  if (&statistics == &later) {
    append(statistics, Statistics(later));
    return;
  }
  const FloatingPointScope arithmetic;
  statistics.append(later);
}

py::list describe_fields() {
  std::vector<std::string> per_head;
  Values::each_field([&](const FieldInfo& field, bool) { per_head.emplace_back(field.name); });
  py::list rows;
  Statistics::each_field([&](const FieldInfo& field, bool fast) {
    py::dict row;
    row["name"] = field.name;
    row["kind"] = field.kind;
    row["meaning"] = field.meaning;
    row["fast"] = fast;
    row["per_head"] = std::ranges::find(per_head, field.name) != per_head.end();
    row["roll_up"] = field.roll_up;
    rows.append(row);
  });
  return rows;
}

Statistics observe_buffer(const py::buffer& blocks, uint32_t type_id, uint64_t rows, uint64_t columns, int threads,
                          bool fast, double sparsity_threshold, const std::string& isa) {
  const TypeInfo* type = find_type(type_id);
  if (type == nullptr) throw py::value_error("not a type this build decodes: " + std::to_string(type_id));
  const py::buffer_info buffer = contiguous(blocks.request());
  const uint64_t elements = type->elements_per_block;
  const auto size = static_cast<uint64_t>(buffer.size);
  if (buffer.itemsize != 1 || columns % elements != 0 ||
      (columns != 0 &&
       (size % type->bytes_per_block != 0 || size / type->bytes_per_block * elements / columns != rows ||
        size / type->bytes_per_block * elements % columns != 0))) {
    throw py::value_error("a buffer of " + std::to_string(size) + " bytes does not hold " + std::to_string(rows) +
                          " x " + std::to_string(columns) + " elements of " + type->name);
  }
  const Source source{{type, rows, columns, static_cast<const std::byte*>(buffer.ptr)}};
  const EngineOptions options = engine_options(size < kSmallBytes ? std::min(threads, 1) : threads, fast,
                                               sparsity_threshold, isa, py::none(), size);
  const py::gil_scoped_release release;
  return std::move(observe(std::span(&source, 1), options)[0].statistics);
}

}  // namespace

py::dict to_dict(const Fields& fields) {
  py::dict result;
  for (const auto& [name, value] : fields.values()) result[py::str(name)] = std::visit(ToPython{}, value);
  return result;
}

std::function<void(uint64_t)> report_to(const py::object& progress, uint64_t total) {
  return [progress, total](uint64_t done) {
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!progress.is_none()) progress(done, total);
  };
}

std::function<void(uint64_t)> cancelling(std::function<void(uint64_t)> report,
                                         std::vector<std::shared_ptr<const Model>> models) {
  return [report = std::move(report), models = std::move(models)](uint64_t done) {
    try {
      report(done);
    } catch (...) {
      for (const auto& model : models) model->cancel();
      throw;
    }
  };
}

EngineOptions engine_options(int threads, bool fast, double sparsity_threshold, const std::string& isa,
                             const py::object& progress, uint64_t total) {
  if (threads < 1) throw py::value_error("threads must be at least 1");
  if (!(sparsity_threshold >= 0) || std::isinf(sparsity_threshold)) {
    throw py::value_error("sparsity_threshold must be a finite number, 0 or more");
  }
  EngineOptions options;
  options.threads = threads;
  options.fast = fast;
  options.sparsity_threshold = static_cast<float>(sparsity_threshold);
  options.table = isa.empty() ? &kernels() : &kernels(isa);
  options.progress = report_to(progress, total);
  return options;
}

void register_statistics(py::module_& module) {
  py::class_<Statistics> statistics(module, "Statistics");
  define_value(statistics);
  statistics.def(py::init<>())
      .def_property_readonly("n_elements",
                             [](const Statistics& s) { return s.Counts::finite + s.Counts::nan + s.Counts::inf; })
      .def("merge", &merge, py::arg("later"))
      .def("append", &append, py::arg("later"))
      .def("copy", [](const Statistics& s) { return Statistics(s); })
      .def("fields", [](const Statistics& s) { return to_dict(fields_of(s)); });
  module.def("fields", &describe_fields, "Every field of Statistics.fields(), in order.");
  module.def("observe_buffer", &observe_buffer, py::arg("blocks"), py::arg("type"), py::arg("rows"), py::arg("columns"),
             py::arg("threads") = 1, py::arg("fast") = false, py::arg("sparsity_threshold") = 1e-6,
             py::arg("isa") = "");
}

}  // namespace ggufscope
