// The engine on the tensors of a model: from tensor indices to sources, and back to parts.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gguf/error.h"
#include "matrices.h"
#include "model_handle.h"
#include "module.h"
#include "statistics_binding.h"
#include "stream/engine.h"
#include "stream/parallel.h"
#include "value_class.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

struct Part {
  size_t tensor;
  uint64_t index;  // 0, or the expert
  Statistics statistics;
  std::vector<Values> heads;

  using Members = MemberList<&Part::tensor, &Part::index, &Part::statistics, &Part::heads>;
};

// A head has few statistics of its own; Python gets them as a Statistics without the rest.
py::list heads_of(const Part& part) {
  const FloatingPointScope arithmetic;
  py::list heads;
  for (const Values& values : part.heads) {
    Statistics statistics;
    statistics.merge(values);
    heads.append(std::move(statistics));
  }
  return heads;
}

/// Some parts of a tensor by its index: the first, and the one after the last.
using PartRanges = std::map<size_t, std::pair<uint64_t, uint64_t>>;

struct Plan {
  const Model& model;
  std::vector<Source> sources;
  std::vector<Part> parts;                       // one per source
  std::vector<std::vector<ByteRange>> expected;  // of each file
  uint64_t bytes = 0;

  explicit Plan(const Model& of) : model(of), expected(of.files().size()) {}

  void add(size_t tensor, uint64_t group_rows, const TensorFactors& factors, const PartRanges& ranges) {
    const TensorInfo& info = model.tensors().at(tensor);
    const Matrices matrices(info);
    const auto range = ranges.find(tensor);
    const auto [begin, end] = range == ranges.end() ? std::pair{uint64_t{0}, matrices.count} : range->second;
    if (begin >= end || end > matrices.count) {
      throw py::value_error(
          concat("parts ", begin, " to ", end, " of tensor '", escaped(info.name), "', which has ", matrices.count));
    }
    if (info.n_elements == 0) {
      sources.push_back({{info.type, 0, matrices.columns, nullptr}});
      parts.push_back({tensor, 0, {}, {}});
      return;
    }
    for (uint64_t i = begin; i < end; ++i) {
      sources.push_back(
          {matrices.at(model, tensor, i, factors), i * matrices.elements(), matrices.head_rows(group_rows)});
      parts.push_back({tensor, i, {}, {}});
    }
    const uint64_t each = info.n_bytes / matrices.count;
    expected[info.file].push_back({info.offset + begin * each, (end - begin) * each});
    bytes += (end - begin) * each;
  }
};

std::vector<Part> observe_model(const ModelHandle& handle, const std::vector<size_t>& tensors,
                                const std::vector<uint64_t>& group_rows, int threads, bool fast,
                                double sparsity_threshold, const py::object& progress, const std::string& isa,
                                const TensorFactors& factors, const PartRanges& ranges, const std::string& way) {
  if (tensors.size() != group_rows.size()) throw py::value_error("tensors and group_rows differ in length");
  const auto model = handle.get();
  Plan plan(*model);
  for (size_t i = 0; i < tensors.size(); ++i) plan.add(tensors[i], group_rows[i], factors, ranges);
  EngineOptions options = engine_options(threads, fast, sparsity_threshold, isa, progress, plan.bytes);
  if (!way.empty()) options.way = reading_way(way);
  options.progress = cancelling(std::move(options.progress), {model});
  const py::gil_scoped_release release;
  model->expect(plan.expected);
  std::vector<Observation> observations = observe(plan.sources, options);
  for (size_t i = 0; i < observations.size(); ++i) {
    plan.parts[i].statistics = std::move(observations[i].statistics);
    plan.parts[i].heads = std::move(observations[i].groups);
  }
  return std::move(plan.parts);
}

}  // namespace

void register_profile(py::module_& module) {
  py::class_<Part> part(module, "Part");
  define_value(part);
  part.def_readonly("tensor", &Part::tensor)
      .def_readonly("index", &Part::index)
      .def_readonly("statistics", &Part::statistics)
      .def_property_readonly("heads", &heads_of);
  module.def("observe_model", &observe_model, py::arg("model"), py::arg("tensors"), py::arg("group_rows"),
             py::arg("threads"), py::arg("fast") = false, py::arg("sparsity_threshold") = 1e-6,
             py::arg("progress") = py::none(), py::arg("isa") = "", py::arg("factors") = TensorFactors{},
             py::arg("parts") = PartRanges{}, py::arg("way") = "");
}

}  // namespace ggufscope
