#include "module.h"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled core of ggufscope; use the ggufscope package instead.";
  ggufscope::register_model(module);  // first: it defines the exceptions
  ggufscope::register_formats(module);
  ggufscope::register_statistics(module);
  ggufscope::register_profile(module);
  ggufscope::register_pairs(module);
  ggufscope::register_products(module);
  ggufscope::register_safetensors(module);
}
