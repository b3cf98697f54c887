// What Python expects of a class of values: ==, copy, deepcopy and pickle, all of them from its members (state.h).
#pragma once

#include <pybind11/pybind11.h>

#include <string_view>

#include "state/state.h"
#include "stream/parallel.h"

namespace ggufscope {

/// Objects whose `__init__` never ran, as `Class.__new__(Class)` makes them, have no value. pybind11 would hand out
/// memory that nobody set; this makes every use of them a TypeError.
template <class Class>
void refuse_uninitialized(const Class& bound) {
  namespace py = pybind11;
  py::detail::get_type_info(reinterpret_cast<PyTypeObject*>(bound.ptr()))->operator_new = [](size_t) -> void* {
    throw py::type_error("the object was never initialized: __new__ was called without __init__");
  };
}

/// For a class with Members, or a Collection. Objects cannot be hashed where they can be changed, so none can.
template <class Class>
void define_value(Class& bound) {
  namespace py = pybind11;
  using Value = typename Class::type;
  refuse_uninitialized(bound);
  const auto equal = [](const Value& self, const Value& other) {
    const FloatingPointScope arithmetic;  // a caller that flushes denormals would find them equal to 0
    return are_equal(self, other);
  };
  bound.def("__eq__", equal, py::is_operator(), py::arg("other"));
  bound.def("__copy__", [](const Value& self) { return Value(self); });
  bound.def("__deepcopy__", [](const Value& self, const py::dict&) { return Value(self); }, py::arg("memo"));
  bound.def(py::pickle([](const Value& self) { return py::bytes(to_state(self)); },
                       [](const py::bytes& state) { return from_state<Value>(std::string_view(state)); }),
            py::arg("state"));
}

}  // namespace ggufscope
