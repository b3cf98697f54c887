#include "gguf/tensor_table.h"

#include <algorithm>

namespace ggufscope {
namespace {

// ggml reads names of up to 63 bytes and four dimensions. Files of other programs (diffusion and video models) go
// beyond both; these bounds are beyond all of them.
constexpr uint64_t kLongestName = 1024;
constexpr uint64_t kShownName = 64;  // of one that is too long
constexpr uint32_t kMostDimensions = 8;
constexpr uint64_t kMostTensors = 1 << 18;         // bounds the memory of a table; large models have a few thousand
constexpr uint64_t kMostElements = INT64_MAX / 8;  // an array of them as float64 has a size in 63 bits
constexpr uint64_t kSmallestRow = 8 + 4 + 4 + 8;   // an empty name, no dimensions, type, offset

std::string_view read_name(Cursor& cursor) {
  const uint64_t at = cursor.position();
  const auto size = cursor.read<uint64_t>("a tensor name");
  if (size > kLongestName) {
    const std::string_view beginning = cursor.take(std::min(kShownName, cursor.remaining()), "a tensor name");
    cursor.fail_at(at, concat("name of ", size, " bytes, ", kLongestName, " are allowed: '", escaped(beginning), "…'"));
  }
  const std::string_view name = cursor.take(size, "a tensor name");
  if (!is_utf8(name)) cursor.fail_at(at, concat("name '", escaped(name), "' is not valid UTF-8"));
  return name;
}

std::vector<uint64_t> read_shape(Cursor& cursor) {
  const uint64_t at = cursor.position();
  const auto dimensions = cursor.read<uint32_t>("the number of dimensions");
  if (dimensions > kMostDimensions) {
    cursor.fail_at(at, concat(dimensions, " dimensions, ", kMostDimensions, " are allowed"));
  }
  std::vector<uint64_t> shape(dimensions);
  for (uint64_t& extent : shape) {
    extent = cursor.read<uint64_t>("the dimensions");
    if (extent > INT64_MAX) cursor.fail_at(at, "negative dimension");
  }
  std::ranges::reverse(shape);
  return shape;
}

const TypeInfo& read_tensor_type(Cursor& cursor, TypesOf types) {
  const uint64_t at = cursor.position();
  const auto id = cursor.read<uint32_t>("the type");
  const TypeInfo* type = types == TypesOf::any ? find_type(id) : find_ggml_type(id);
  if (type != nullptr) return *type;
  if (is_named_type(id)) {
    cursor.fail_at<UnsupportedTypeError>(at, concat("type ", type_label(id), " cannot be decoded"));
  }
  cursor.fail_at(at, concat("type ", type_label(id), ": the file is damaged or newer than this program"));
}

// False when the product is more than `most`.
bool multiply(uint64_t& product, uint64_t factor, uint64_t most) {
  return !__builtin_mul_overflow(product, factor, &product) && product <= most;
}

// Elements and bytes. Zero extents are left out of the products first: a tensor without elements must not hide
// extents that overflow.
void measure(TensorInfo& tensor, const Cursor& cursor, uint64_t at) {
  const uint64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  const uint32_t block = tensor.type->elements_per_block;
  if (columns % block != 0) {
    cursor.fail_at(at, concat("rows of ", columns, " elements are not whole blocks of ", tensor.type->name,
                              ", which hold ", block));
  }
  uint64_t elements = 1;
  bool fits = true;
  for (const uint64_t extent : tensor.shape)
    fits = fits && multiply(elements, std::max<uint64_t>(extent, 1), kMostElements);
  uint64_t bytes = elements / block;
  fits = fits && multiply(bytes, tensor.type->bytes_per_block, INT64_MAX);
  if (!fits) cursor.fail_at(at, "its number of elements or bytes does not fit into 64 bits");
  const bool empty = std::ranges::find(tensor.shape, 0U) != tensor.shape.end();
  tensor.n_elements = empty ? 0 : elements;
  tensor.n_bytes = empty ? 0 : bytes;
}

TensorInfo read_row(Cursor& cursor, uint64_t alignment, TypesOf types) {
  const std::string_view name = read_name(cursor);
  cursor.set_subject({"tensor", name});
  const uint64_t at = cursor.position();
  TensorInfo tensor{std::string(name), nullptr, read_shape(cursor), 0, 0, 0, 0};
  tensor.type = &read_tensor_type(cursor, types);
  measure(tensor, cursor, at);
  if (cursor.order() == ByteOrder::big && tensor.type->swap_bytes == nullptr && tensor.n_bytes > 0) {
    cursor.fail_at<UnsupportedTypeError>(
        at, concat("type ", tensor.type->name, " cannot be decoded from a big-endian file"));
  }
  const uint64_t offset_at = cursor.position();
  tensor.offset = cursor.read<uint64_t>("the data offset");
  if (tensor.offset % alignment != 0) {
    cursor.fail_at(offset_at, concat("data offset ", tensor.offset, " is not a multiple of the alignment ", alignment));
  }
  return tensor;
}

}  // namespace

std::vector<TensorInfo> read_tensor_table(Cursor& cursor, uint64_t count, uint64_t alignment, TypesOf types) {
  cursor.set_subject({"tensor table", ""});
  cursor.require_count(count, kSmallestRow, kMostTensors, 8, "tensors");
  std::vector<TensorInfo> tensors;
  tensors.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    cursor.set_subject({"tensor table", ""});
    tensors.push_back(read_row(cursor, alignment, types));
  }
  return tensors;
}

}  // namespace ggufscope
