#include "gguf/metadata_value.h"

#include <algorithm>

#include "gguf/fault_guard.h"

namespace ggufscope {
namespace {

constexpr std::string_view kWhat = "a value";
constexpr uint64_t kMostBytes = uint64_t{1} << 28;  // of one value: vocabularies of models have a hundredth of it

// A sparse file of little room on the disk may hold a value larger than any memory.
void use_room(const Cursor& cursor, uint64_t n_bytes, uint64_t& room) {
  const uint64_t begin = cursor.position() - n_bytes;
  if (n_bytes > room) cursor.fail_at(begin, concat("a value of more than ", kMostBytes, " bytes"));
  room -= n_bytes;
}

bool is_compound(ValueType type) { return type == ValueType::string || type == ValueType::array; }

void to_native(std::vector<std::byte>& numbers, size_t size) {
  for (auto first = numbers.begin(); first != numbers.end(); first += static_cast<std::ptrdiff_t>(size)) {
    std::reverse(first, first + static_cast<std::ptrdiff_t>(size));
  }
}

void read_numbers(Cursor& cursor, uint64_t length, uint64_t& room, MetadataValue& value) {
  const size_t size = value_size(value.type);
  const std::string_view bytes = cursor.take(length * size, kWhat);
  use_room(cursor, bytes.size(), room);
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  value.numbers.assign(begin, begin + bytes.size());
  if (cursor.order() == ByteOrder::big) to_native(value.numbers, size);
  if (value.type != ValueType::boolean) return;
  // Any byte but 0 is true, as ggml reads it; a NumPy bool must be 0 or 1.
  for (std::byte& flag : value.numbers) flag = flag == std::byte{0} ? flag : std::byte{1};
}

void read_texts(Cursor& cursor, uint64_t length, uint64_t& room, MetadataValue& value) {
  value.text_ends.reserve(length);
  for (uint64_t i = 0; i < length; ++i) {
    const std::string_view text = cursor.take_string(kWhat);
    use_room(cursor, text.size(), room);
    value.text += text;
    value.text_ends.push_back(value.text.size());
  }
}

MetadataValue read_array(Cursor& cursor, ArrayHeader header, uint64_t depth, uint64_t& room);

// The depth was checked when the file was opened; checked again, because others may write to a mapped file since.
void read_arrays(Cursor& cursor, uint64_t length, uint64_t depth, uint64_t& room, MetadataValue& value) {
  if (depth > kDeepestArray) cursor.fail("the file was changed while it was open");
  for (uint64_t i = 0; i < length; ++i) {
    const ArrayHeader inner = read_array_header(cursor);
    value.arrays.push_back(read_array(cursor, inner, depth + 1, room));
  }
}

MetadataValue read_array(Cursor& cursor, ArrayHeader header, uint64_t depth, uint64_t& room) {
  MetadataValue value{header.element, true, {}, {}, {}, {}};
  if (header.element == ValueType::string) {
    read_texts(cursor, header.length, room, value);
  } else if (header.element == ValueType::array) {
    read_arrays(cursor, header.length, depth, room, value);
  } else {
    read_numbers(cursor, header.length, room, value);
  }
  return value;
}

MetadataValue read_scalar(Cursor& cursor, ValueType type, uint64_t& room) {
  MetadataValue value{type, false, {}, {}, {}, {}};
  is_compound(type) ? read_texts(cursor, 1, room, value) : read_numbers(cursor, 1, room, value);
  return value;
}

}  // namespace

MetadataValue read_value(const File& file, const MetadataEntry& entry, std::optional<uint64_t> limit) {
  MetadataValue value = guarded([&] {
    Cursor cursor = file.value_cursor(entry);
    uint64_t room = kMostBytes;
    if (entry.type != ValueType::array) return read_scalar(cursor, entry.type, room);
    return read_array(cursor, {entry.element, std::min(entry.length, limit.value_or(entry.length))}, 1, room);
  });
  file.input->require_intact();
  return value;
}

}  // namespace ggufscope
