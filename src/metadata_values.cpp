#include "metadata_values.h"

#include <pybind11/numpy.h>

#include <algorithm>

namespace py = pybind11;

namespace ggufscope {
namespace {

constexpr const char* kWhat = "a value";

py::object read_string(Cursor& cursor) {
  const std::string_view text = cursor.take_string(kWhat);
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(decoded);
}

py::object read_scalar(Cursor& cursor, ValueType type) {
  switch (type) {
    case ValueType::uint8:
      return py::int_(cursor.read<uint8_t>(kWhat));
    case ValueType::int8:
      return py::int_(cursor.read<int8_t>(kWhat));
    case ValueType::uint16:
      return py::int_(cursor.read<uint16_t>(kWhat));
    case ValueType::int16:
      return py::int_(cursor.read<int16_t>(kWhat));
    case ValueType::uint32:
      return py::int_(cursor.read<uint32_t>(kWhat));
    case ValueType::int32:
      return py::int_(cursor.read<int32_t>(kWhat));
    case ValueType::uint64:
      return py::int_(cursor.read<uint64_t>(kWhat));
    case ValueType::int64:
      return py::int_(cursor.read<int64_t>(kWhat));
    case ValueType::float32:
      return py::float_(static_cast<double>(cursor.read<float>(kWhat)));
    case ValueType::float64:
      return py::float_(cursor.read<double>(kWhat));
    case ValueType::boolean:
      return py::bool_(cursor.read<uint8_t>(kWhat) != 0);
    default:
      return read_string(cursor);
  }
}

template <class Number>
py::object read_numbers(Cursor& cursor, uint64_t length) {
  py::array_t<Number> numbers(static_cast<py::ssize_t>(length));
  const std::string_view bytes = cursor.take(length * sizeof(Number), kWhat);
  Number* values = numbers.mutable_data();
  if (length > 0) std::memcpy(values, bytes.data(), bytes.size());
  if (cursor.order() == ByteOrder::big) std::transform(values, values + length, values, byte_swapped<Number>);
  return numbers;
}

// Any byte but 0 is true, as ggml reads it; a NumPy bool must be 0 or 1.
py::object read_booleans(Cursor& cursor, uint64_t length) {
  py::array_t<bool> flags(static_cast<py::ssize_t>(length));
  const std::string_view bytes = cursor.take(length, kWhat);
  std::ranges::transform(bytes, flags.mutable_data(), [](char byte) { return byte != 0; });
  return flags;
}

py::object read_array(Cursor& cursor, ValueType element, uint64_t length, uint64_t depth);

// The depth was checked when the file was opened; checked again, because others may write to a mapped file since.
py::object read_list(Cursor& cursor, ValueType element, uint64_t length, uint64_t depth) {
  if (depth > kDeepestArray) cursor.fail("the file was changed while it was open");
  py::list values;
  for (uint64_t i = 0; i < length; ++i) {
    if (element == ValueType::string) {
      values.append(read_string(cursor));
    } else {
      const ArrayHeader inner = read_array_header(cursor);
      values.append(read_array(cursor, inner.element, inner.length, depth + 1));
    }
  }
  return values;
}

py::object read_array(Cursor& cursor, ValueType element, uint64_t length, uint64_t depth) {
  switch (element) {
    case ValueType::uint8:
      return read_numbers<uint8_t>(cursor, length);
    case ValueType::int8:
      return read_numbers<int8_t>(cursor, length);
    case ValueType::uint16:
      return read_numbers<uint16_t>(cursor, length);
    case ValueType::int16:
      return read_numbers<int16_t>(cursor, length);
    case ValueType::uint32:
      return read_numbers<uint32_t>(cursor, length);
    case ValueType::int32:
      return read_numbers<int32_t>(cursor, length);
    case ValueType::uint64:
      return read_numbers<uint64_t>(cursor, length);
    case ValueType::int64:
      return read_numbers<int64_t>(cursor, length);
    case ValueType::float32:
      return read_numbers<float>(cursor, length);
    case ValueType::float64:
      return read_numbers<double>(cursor, length);
    case ValueType::boolean:
      return read_booleans(cursor, length);
    default:
      return read_list(cursor, element, length, depth);
  }
}

}  // namespace

py::object metadata_value(const File& file, const MetadataEntry& entry, std::optional<uint64_t> limit) {
  py::object value = guarded([&]() -> py::object {
    Cursor cursor = file.value_cursor(entry);
    if (entry.type != ValueType::array) return read_scalar(cursor, entry.type);
    return read_array(cursor, entry.element, std::min(entry.length, limit.value_or(entry.length)), 1);
  });
  require_intact(file.mapping->data(), file.mapping->size());
  return value;
}

}  // namespace ggufscope
