#include "metadata_values.h"

#include <pybind11/numpy.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gguf/metadata_value.h"

namespace py = pybind11;

namespace ggufscope {
namespace {

py::object to_text(std::string_view text) {
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(decoded);
}

py::object to_texts(const MetadataValue& value) {
  if (!value.is_array) return to_text(value.text);
  py::list texts;
  uint64_t begin = 0;
  for (const uint64_t end : value.text_ends) {
    texts.append(to_text(std::string_view(value.text).substr(begin, end - begin)));
    begin = end;
  }
  return texts;
}

template <class Number>
py::object to_scalar(const MetadataValue& value) {
  if constexpr (std::is_same_v<Number, bool>) {
    return py::bool_(value.numbers[0] != std::byte{0});
  } else {
    Number number;
    std::memcpy(&number, value.numbers.data(), sizeof number);
    return py::cast(number);
  }
}

template <class Number>
py::object to_list(const MetadataValue& value) {
  py::list list;
  for (size_t at = 0; at < value.numbers.size(); at += sizeof(Number)) {
    if constexpr (std::is_same_v<Number, bool>) {
      list.append(py::bool_(value.numbers[at] != std::byte{0}));
    } else {
      Number number;
      std::memcpy(&number, value.numbers.data() + at, sizeof number);
      list.append(py::cast(number));
    }
  }
  return list;
}

// The array takes the numbers over: copying hundreds of megabytes would keep the GIL as long as reading them.
template <class Number>
py::object to_numbers(MetadataValue& value, bool listed) {
  if (!value.is_array) return to_scalar<Number>(value);
  if (listed) return to_list<Number>(value);
  const auto length = static_cast<py::ssize_t>(value.numbers.size() / sizeof(Number));
  if (length == 0) return py::array_t<Number>(0);
  using Bytes = std::vector<std::byte>;
  auto bytes = std::make_unique<Bytes>(std::move(value.numbers));
  const py::capsule owner(bytes.get(), [](void* memory) { delete static_cast<Bytes*>(memory); });
  const auto* numbers = reinterpret_cast<const Number*>(bytes.release()->data());
  return py::array_t<Number>(length, numbers, owner);
}

py::object to_python(MetadataValue& value, bool listed) {
  switch (value.type) {
    case ValueType::uint8:
      return to_numbers<uint8_t>(value, listed);
    case ValueType::int8:
      return to_numbers<int8_t>(value, listed);
    case ValueType::uint16:
      return to_numbers<uint16_t>(value, listed);
    case ValueType::int16:
      return to_numbers<int16_t>(value, listed);
    case ValueType::uint32:
      return to_numbers<uint32_t>(value, listed);
    case ValueType::int32:
      return to_numbers<int32_t>(value, listed);
    case ValueType::uint64:
      return to_numbers<uint64_t>(value, listed);
    case ValueType::int64:
      return to_numbers<int64_t>(value, listed);
    case ValueType::float32:
      return to_numbers<float>(value, listed);
    case ValueType::float64:
      return to_numbers<double>(value, listed);
    case ValueType::boolean:
      return to_numbers<bool>(value, listed);
    case ValueType::string:
      return to_texts(value);
    case ValueType::array:
      break;
  }
  py::list arrays;
  for (MetadataValue& inner : value.arrays) arrays.append(to_python(inner, listed));
  return arrays;
}

}  // namespace

py::object metadata_value(const File& file, const MetadataEntry& entry, std::optional<uint64_t> limit, bool listed) {
  MetadataValue value = [&] {
    const py::gil_scoped_release release;  // pages of the file may have to come from a disk
    return read_value(file, entry, limit);
  }();
  return to_python(value, listed);
}

}  // namespace ggufscope
