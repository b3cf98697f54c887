// Row products of block matrices.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>

#include "contiguous.h"
#include "matrices.h"
#include "module.h"
#include "stream/multiply.h"
#include "stream/products.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

using Vectors = py::array_t<double, py::array::c_style>;
using FewVectors = py::array_t<float, py::array::c_style>;

// The matrix of that many columns that a buffer holds, which must be whole rows, with its factors.
BlockMatrix matrix_of(const py::buffer_info& blocks, uint32_t type_id, uint64_t columns, bool swapped,
                      const std::optional<GivenFactors>& factors) {
  const TypeInfo* type = find_type(type_id);
  if (type == nullptr) throw py::value_error("not a type this build decodes: " + std::to_string(type_id));
  if (blocks.itemsize != 1) throw py::value_error("blocks must be uint8");
  BlockMatrix matrix{type, 0, columns, static_cast<const std::byte*>(blocks.ptr)};
  matrix.swapped = swapped;
  const auto size = static_cast<uint64_t>(blocks.size);
  // Rows beyond all memory: their bytes might not fit in 64 bits.
  const bool countable = 0 < columns && columns < uint64_t{1} << 48;
  if (!countable || columns % type->elements_per_block != 0 || size % matrix.bytes(columns) != 0) {
    throw py::value_error("a buffer of " + std::to_string(size) + " bytes does not hold rows of " +
                          std::to_string(columns) + " elements of " + type->name);
  }
  matrix.rows = size / matrix.bytes(columns);
  if (factors.has_value()) matrix.factors = Matrices(matrix.rows, columns).factors_at(0, *factors);
  return matrix;
}

size_t count_vectors(const py::array& vectors, uint64_t columns) {
  if (vectors.ndim() != 2 || std::cmp_not_equal(vectors.shape(1), columns)) {
    throw py::value_error("vectors must be an array of (n, " + std::to_string(columns) + ")");
  }
  return static_cast<size_t>(vectors.shape(0));
}

Vectors results(size_t n_vectors, uint64_t rows) {
  return Vectors({static_cast<py::ssize_t>(n_vectors), static_cast<py::ssize_t>(rows)});
}

py::tuple multiply_rows(const py::buffer& left, uint32_t left_type, uint64_t columns, const Vectors& linear,
                        const Vectors& quadratic, const py::object& right, uint32_t right_type, int threads,
                        bool swapped, const std::string& isa, const std::optional<GivenFactors>& left_factors,
                        const std::optional<GivenFactors>& right_factors) {
  if (threads < 1) throw py::value_error("threads must be at least 1");
  const py::buffer_info left_blocks = contiguous(left.request());
  ProductTask task{};
  task.left = matrix_of(left_blocks, left_type, columns, swapped, left_factors);
  task.squares = right.is_none();
  py::buffer_info right_blocks;
  if (!task.squares) {
    right_blocks = contiguous(py::cast<py::buffer>(right).request());
    task.right = matrix_of(right_blocks, right_type, columns, swapped, right_factors);
    if (task.right.rows != task.left.rows) throw py::value_error("the matrices differ in their number of rows");
  }
  task.n_linear = count_vectors(linear, columns);
  task.n_quadratic = count_vectors(quadratic, columns);
  Vectors linear_results = results(task.n_linear, task.left.rows);
  Vectors quadratic_results = results(task.n_quadratic, task.left.rows);
  task.linear = linear.data();
  task.quadratic = quadratic.data();
  task.linear_results = linear_results.mutable_data();
  task.quadratic_results = quadratic_results.mutable_data();
  const KernelTable& table = isa.empty() ? kernels() : kernels(isa);
  {
    const py::gil_scoped_release release;
    row_products(task, threads, table);
  }
  return py::make_tuple(linear_results, quadratic_results);
}

py::array_t<float> multiply_vectors(const py::buffer& blocks, uint32_t type, uint64_t columns,
                                    const FewVectors& vectors, int threads, bool swapped, const std::string& isa,
                                    const std::optional<GivenFactors>& factors) {
  if (threads < 1) throw py::value_error("threads must be at least 1");
  const py::buffer_info matrix = contiguous(blocks.request());
  MultiplyTask task{};
  task.matrix = matrix_of(matrix, type, columns, swapped, factors);
  task.n_vectors = count_vectors(vectors, columns);
  FewVectors results({static_cast<py::ssize_t>(task.n_vectors), static_cast<py::ssize_t>(task.matrix.rows)});
  task.vectors = vectors.data();
  task.results = results.mutable_data();
  const KernelTable& table = isa.empty() ? kernels() : kernels(isa);
  {
    const py::gil_scoped_release release;
    multiply_few(task, threads, table);
  }
  return results;
}

}  // namespace

void register_products(py::module_& module) {
  module.def("row_products", &multiply_rows, py::arg("left"), py::arg("left_type"), py::arg("columns"),
             py::arg("linear"), py::arg("quadratic"), py::arg("right") = py::none(), py::arg("right_type") = 0,
             py::arg("threads") = 1, py::arg("swapped") = false, py::arg("isa") = "",
             py::arg("left_factors") = py::none(), py::arg("right_factors") = py::none());
  module.def("multiply_few", &multiply_vectors, py::arg("blocks"), py::arg("blocks_type"), py::arg("columns"),
             py::arg("vectors"), py::arg("threads") = 1, py::arg("swapped") = false, py::arg("isa") = "",
             py::arg("factors") = py::none());
}

}  // namespace ggufscope
