#include "python_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gguf/error.h"
#include "paths.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

// Bytes that are asked for at once: each call has them in memory twice.
constexpr size_t kMostAtOnce = size_t{16} << 20;

template <class Object>
Object checked(PyObject* object) {
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<Object>(object);
}

uint64_t size_of(const py::object& reader) {
  const auto size = checked<py::object>(PyNumber_Index(py::object(reader.attr("size")).ptr()));
  const long long bytes = PyLong_AsLongLong(size.ptr());
  if (bytes == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  if (bytes < 0) throw py::value_error("a reader's size must not be negative");
  return static_cast<uint64_t>(bytes);
}

// While an exception may be on its way; what the method raises is told apart.
void call_aside(const py::object& reader, const char* method) {
  const py::error_scope pending;
  try {
    reader.attr(method)();
  } catch (py::error_already_set& error) {
    error.discard_as_unraisable(method);
  }
}

}  // namespace

PythonReader::PythonReader(py::object reader) : reader_(std::move(reader)) {
  try {
    name_ = file_system_path(reader_.attr("name"));
    size_ = size_of(reader_);
  } catch (...) {
    if (py::hasattr(reader_, "close")) call_aside(reader_, "close");
    throw;
  }
}

// NOLINTNEXTLINE(bugprone-exception-escape): the lock is had, unless Python has ended
PythonReader::~PythonReader() {
  const py::gil_scoped_acquire acquire;
  call_aside(reader_, "close");
  reader_ = {};
}

void PythonReader::read(uint64_t offset, std::byte* out, size_t size) const {
  for (size_t done = 0; done < size; done += kMostAtOnce) {
    read_piece(offset + done, out + done, std::min(kMostAtOnce, size - done));
  }
}

// Into memory of Python's own, because the reader might keep a view of it.
void PythonReader::read_piece(uint64_t offset, std::byte* out, size_t size) const {
  const py::gil_scoped_acquire acquire;
  const auto bytes = checked<py::bytearray>(PyByteArray_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  const auto view = checked<py::object>(PyMemoryView_FromObject(bytes.ptr()));
  const py::object count = reader_.attr("read_into")(offset, view);
  if (!count.is_none() && !count.equal(py::int_(size))) {  // as files of Python count what they read
    throw GGUFError(error_line(name_, {"data", ""}, offset,
                               concat("of ", size, " bytes, the reader gave ", std::string(py::str(count)))));
  }
  if (bytes.size() != size) throw py::value_error("a reader changed the size of the memory it was to fill");
  std::memcpy(out, PyByteArray_AS_STRING(bytes.ptr()), size);
}

void PythonReader::expect(std::span<const ByteRange> ranges) const {
  const py::gil_scoped_acquire acquire;
  py::list list;
  for (const ByteRange& range : ranges) list.append(py::make_tuple(range.offset, range.size));
  reader_.attr("expect")(list);
}

void PythonReader::cancel() const {
  const py::gil_scoped_acquire acquire;
  if (py::hasattr(reader_, "cancel")) call_aside(reader_, "cancel");
}

}  // namespace ggufscope
