// Bytes that an object of Python reads (ggufscope.inputs.reader.ByteReader).
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "gguf/byte_source.h"

namespace ggufscope {

/// Takes Python's lock for each call. What the object raises comes out as pybind11::error_already_set, from whichever
/// thread needed the bytes. Closes the object when it is destroyed.
class PythonReader final : public ByteSource {
 public:
  /// With Python's lock. Throws what name and size raise, TypeError or ValueError where they are not what they should
  /// be.
  explicit PythonReader(pybind11::object reader);
  ~PythonReader() override;

  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }

  void read(uint64_t offset, std::byte* out, size_t size) const override;
  void expect(std::span<const ByteRange> ranges) const override;
  void cancel() const override;

 private:
  void read_piece(uint64_t offset, std::byte* out, size_t size) const;

  pybind11::object reader_;
  std::string name_;
  uint64_t size_ = 0;
};

}  // namespace ggufscope
