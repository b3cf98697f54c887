// What the Python class Model holds; the engine's bindings take the C++ model from it.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <utility>

#include "gguf/model.h"

namespace ggufscope {

class ModelHandle {
 public:
  explicit ModelHandle(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

  /// Throws ValueError when closed. Keep the pointer while working without the GIL: close() may run meanwhile.
  std::shared_ptr<const Model> get() const {
    if (!model_) throw pybind11::value_error("the model is closed");
    return model_;
  }

  bool closed() const { return !model_; }
  void close() {
    model_.reset();
    tensors = {};
    metadata = {};
  }

  // Made when first asked for; None or null before.
  pybind11::object tensors;
  pybind11::object metadata;

 private:
  std::shared_ptr<const Model> model_;
};

}  // namespace ggufscope
