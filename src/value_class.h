// What Python expects of a class of values: ==, copy, deepcopy and pickle, all of them from its members (state.h).
#pragma once

#include <pybind11/pybind11.h>

#include <string_view>

#include "state/state.h"
#include "stream/parallel.h"

namespace ggufscope {

/// For a class with Members, or a Collection. Objects cannot be hashed where they can be changed, so none can.
template <class Class>
void define_value(Class& bound) {
  namespace py = pybind11;
  using Value = typename Class::type;
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
