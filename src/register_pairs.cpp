// Tensors of two models side by side: which belong together, and how far one is from the other.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contiguous.h"
#include "gguf/matching.h"
#include "matrices.h"
#include "model_handle.h"
#include "module.h"
#include "statistics_binding.h"
#include "stream/pairs.h"
#include "stream/parallel.h"
#include "value_class.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

struct PairPart {
  size_t pair;
  uint64_t index;  // 0, or the expert
  PairStatistics statistics;
  bool identical;

  using Members = MemberList<&PairPart::pair, &PairPart::index, &PairPart::statistics, &PairPart::identical>;
};

void merge(PairStatistics& statistics, const PairStatistics& later) {
  const FloatingPointScope arithmetic;
  statistics.merge(later);
}

void append(PairStatistics& statistics, const PairStatistics& later) {
  const FloatingPointScope arithmetic;
  &statistics == &later ? statistics.append(PairStatistics(later)) : statistics.append(later);
}

py::dict fields_of(const PairStatistics& statistics) {
  const auto fields = [&] {
    const FloatingPointScope arithmetic;
    return statistics.fields();
  }();
  return to_dict(fields);
}

py::list describe_fields() {
  py::list rows;
  PairStatistics::each_field([&](const FieldInfo& field, bool) {
    py::dict row;
    row["name"] = field.name;
    row["kind"] = field.kind;
    row["meaning"] = field.meaning;
    row["roll_up"] = field.roll_up;
    rows.append(row);
  });
  return rows;
}

PairOptions pair_options(int threads, const std::string& isa, const py::object& progress, uint64_t total) {
  if (threads < 1) throw py::value_error("threads must be at least 1");
  return {threads, isa.empty() ? &kernels() : &kernels(isa), report_to(progress, total)};
}

struct Side {
  const Model& model;
  const TensorFactors& factors;
  std::string_view name;

  const TensorInfo& tensor(size_t index, size_t pair) const {
    const auto& tensors = model.tensors();
    if (index < tensors.size()) return tensors[index];
    throw py::index_error(concat("pair ", pair, " names tensor ", index, " of the ", name, ", which has ",
                                 tensors.size(), " tensors, counted from 0"));
  }
};

struct Plan {
  std::vector<MatrixPair> matrices;
  std::vector<PairPart> parts;  // one for each of them
  uint64_t bytes = 0;

  void add(const Side& reference, size_t of_reference, const Side& model, size_t of_model, size_t pair) {
    const TensorInfo& left = reference.tensor(of_reference, pair);
    const TensorInfo& right = model.tensor(of_model, pair);
    if (left.shape != right.shape) {
      throw py::value_error(concat("tensor '", escaped(left.name), "' of the reference and '", escaped(right.name),
                                   "' of the model differ in shape"));
    }
    const Matrices shape(left);
    for (uint64_t i = 0; i < shape.count; ++i) {
      matrices.push_back({shape.at(reference.model, of_reference, i, reference.factors),
                          shape.at(model.model, of_model, i, model.factors), i * shape.elements()});
      parts.push_back({pair, i, {}, false});
    }
    bytes += left.n_bytes + right.n_bytes;
  }
};

std::vector<PairPart> observe_models(const ModelHandle& reference, const ModelHandle& model,
                                     const std::vector<TensorMatch::Pair>& pairs, int threads,
                                     const py::object& progress, const std::string& isa,
                                     const TensorFactors& reference_factors, const TensorFactors& model_factors) {
  const auto left = reference.get();
  const auto right = model.get();
  const Side left_side{*left, reference_factors, "reference"};
  const Side right_side{*right, model_factors, "model"};
  Plan plan;
  for (size_t i = 0; i < pairs.size(); ++i) plan.add(left_side, pairs[i].first, right_side, pairs[i].second, i);
  PairOptions options = pair_options(threads, isa, progress, plan.bytes);
  options.progress = cancelling(std::move(options.progress), {left, right});
  std::vector<size_t> of_reference;
  std::vector<size_t> of_model;
  for (const auto& [left_index, right_index] : pairs) {
    of_reference.push_back(left_index);
    of_model.push_back(right_index);
  }
  const py::gil_scoped_release release;
  left->expect(of_reference);
  right->expect(of_model);
  std::vector<PairObservation> results = observe_pairs(plan.matrices, options);
  for (size_t i = 0; i < results.size(); ++i) {
    plan.parts[i].statistics = std::move(results[i].statistics);
    plan.parts[i].identical = results[i].identical;
  }
  return std::move(plan.parts);
}

BlockMatrix matrix_of(const py::buffer_info& blocks, uint32_t type_id, uint64_t rows, uint64_t columns, bool swapped) {
  const TypeInfo* type = find_type(type_id);
  if (type == nullptr) throw py::value_error("not a type this build decodes: " + std::to_string(type_id));
  const uint64_t elements = type->elements_per_block;
  const auto size = static_cast<uint64_t>(blocks.size);
  const uint64_t held = size / type->bytes_per_block * elements;
  const bool fits = columns == 0 ? size == 0 : held / columns == rows && held % columns == 0 && columns % elements == 0;
  if (blocks.itemsize != 1 || size % type->bytes_per_block != 0 || !fits) {
    throw py::value_error(
        concat("a buffer of ", size, " bytes does not hold ", rows, " x ", columns, " elements of ", type->name));
  }
  return {type, rows, columns, static_cast<const std::byte*>(blocks.ptr), nullptr, 0, swapped};
}

PairStatistics observe_buffers(const py::buffer& reference, uint32_t reference_type, const py::buffer& model,
                               uint32_t model_type, uint64_t rows, uint64_t columns, int threads,
                               bool reference_swapped, bool model_swapped, const std::string& isa,
                               uint64_t first_element) {
  const py::buffer_info left = contiguous(reference.request());
  const py::buffer_info right = contiguous(model.request());
  const MatrixPair pair{matrix_of(left, reference_type, rows, columns, reference_swapped),
                        matrix_of(right, model_type, rows, columns, model_swapped), first_element};
  const uint64_t size = pair.reference.size() + pair.model.size();
  const PairOptions options = pair_options(threads, isa, py::none(), size);
  const py::gil_scoped_release release;
  return std::move(observe_pairs({&pair, 1}, options)[0].statistics);
}

TensorMatch match(const ModelHandle& reference, const ModelHandle& model) {
  return match_tensors(*reference.get(), *model.get());
}

void register_classes(py::module_& module) {
  py::class_<PairStatistics> statistics(module, "PairStatistics");
  define_value(statistics);
  statistics.def(py::init<>())
      .def_property_readonly("n_elements", [](const PairStatistics& s) { return s.pairs + s.left_out; })
      .def("merge", &merge, py::arg("later"))
      .def("append", &append, py::arg("later"))
      .def("fields", &fields_of);
  py::class_<PairPart> part(module, "PairPart");
  define_value(part);
  part.def_readonly("pair", &PairPart::pair)
      .def_readonly("index", &PairPart::index)
      .def_readonly("statistics", &PairPart::statistics)
      .def_readonly("identical", &PairPart::identical);
  py::class_<TensorMatch> matched(module, "TensorMatch");
  refuse_uninitialized(matched);
  matched.def_readonly("pairs", &TensorMatch::pairs)
      .def_readonly("reshaped", &TensorMatch::reshaped)
      .def_readonly("missing", &TensorMatch::missing)
      .def_readonly("extra", &TensorMatch::extra);
}

}  // namespace

void register_pairs(py::module_& module) {
  register_classes(module);
  module.def("pair_fields", &describe_fields, "Every field of PairStatistics.fields(), in order.");
  module.def("match_tensors", &match, py::arg("reference"), py::arg("model"));
  module.def("observe_pairs", &observe_models, py::arg("reference"), py::arg("model"), py::arg("pairs"),
             py::arg("threads"), py::arg("progress") = py::none(), py::arg("isa") = "",
             py::arg("reference_factors") = TensorFactors{}, py::arg("model_factors") = TensorFactors{});
  module.def("observe_pair_buffers", &observe_buffers, py::arg("reference"), py::arg("reference_type"),
             py::arg("model"), py::arg("model_type"), py::arg("rows"), py::arg("columns"), py::arg("threads") = 1,
             py::arg("reference_swapped") = false, py::arg("model_swapped") = false, py::arg("isa") = "",
             py::arg("first_element") = 0);
}

}  // namespace ggufscope
