// The rooms of the Python module; each register_*.cpp fills one.
#pragma once

#include <pybind11/pybind11.h>

namespace ggufscope {

void register_formats(pybind11::module_& module);
void register_model(pybind11::module_& module);
void register_pairs(pybind11::module_& module);
void register_products(pybind11::module_& module);
void register_profile(pybind11::module_& module);
void register_safetensors(pybind11::module_& module);
void register_statistics(pybind11::module_& module);

}  // namespace ggufscope
