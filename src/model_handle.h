// What the Python class Model holds; the engine's bindings take the C++ model from it.
#pragma once

#include <pybind11/pybind11.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "gguf/model.h"

namespace ggufscope {

class ModelHandle {
 public:
  ModelHandle(std::shared_ptr<const Model> model, std::filesystem::path path)
      : model_(std::move(model)), path_(std::move(path)) {}

  /// Throws ValueError when closed. Keep the pointer while working without the GIL: close() may run meanwhile.
  std::shared_ptr<const Model> get() const {
    if (!model_) throw pybind11::value_error("the model is closed");
    return model_;
  }

  /// Where the model was opened: absolute, so that it is found from any directory. Empty where it is not mapped.
  const std::filesystem::path& path() const { return path_; }

  bool closed() const { return !model_; }
  void close() {
    tensors = {};
    metadata = {};
    std::shared_ptr<const Model> last = std::move(model_);
    const pybind11::gil_scoped_release release;  // unmapping a large file takes a while
    last.reset();
  }

  // Made when first asked for; None or null before.
  pybind11::object tensors;
  pybind11::object metadata;

 private:
  std::shared_ptr<const Model> model_;
  std::filesystem::path path_;
};

}  // namespace ggufscope
