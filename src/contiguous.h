// Buffers from Python are walked as plain memory; any other layout must be refused first.
#pragma once

#include <pybind11/pybind11.h>

#include <utility>

namespace ggufscope {

/// The same buffer. Throws ValueError when its elements do not lie one behind the other in C order.
inline pybind11::buffer_info contiguous(pybind11::buffer_info buffer) {
  pybind11::ssize_t expected = buffer.itemsize;
  for (auto i = buffer.ndim; i-- > 0;) {
    const auto axis = static_cast<size_t>(i);
    if (buffer.size > 0 && buffer.shape[axis] > 1 && buffer.strides[axis] != expected) {
      throw pybind11::value_error("a buffer must be C-contiguous");
    }
    expected *= buffer.shape[axis];
  }
  return buffer;
}

}  // namespace ggufscope
