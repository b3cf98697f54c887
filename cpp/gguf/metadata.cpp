#include "gguf/metadata.h"

#include <algorithm>
#include <numeric>

namespace ggufscope {
namespace {

constexpr uint64_t kLongestKey = 65535;

// The smallest entry: length and one byte of a key, type, one byte of a value.
constexpr uint64_t kSmallestEntry = 8 + 1 + 4 + 1;

// Arrays of strings must be walked to find their end, and keys are kept. The largest vocabularies need a fifth of this;
// without a bound, a sparse file of many gigabytes could keep the reader busy for minutes.
constexpr uint64_t kMostEntries = 1 << 16;
constexpr uint64_t kMostKeyBytes = 16 << 20;
constexpr uint64_t kMostWalkedElements = 4 << 20;
constexpr uint64_t kMostWalkedBytes = 256 << 20;

struct TypeRow {
  const char* name;
  uint64_t size;           // 0: in the file
  uint64_t smallest_size;  // of an element in the file
};

constexpr TypeRow kTypes[] = {
    {"uint8", 1, 1},  {"int8", 1, 1},    {"uint16", 2, 2},  {"int16", 2, 2},  {"uint32", 4, 4},
    {"int32", 4, 4},  {"float32", 4, 4}, {"bool", 1, 1},    {"string", 0, 8}, {"array", 0, 12},
    {"uint64", 8, 8}, {"int64", 8, 8},   {"float64", 8, 8},
};

const TypeRow& row(ValueType type) { return kTypes[static_cast<uint32_t>(type)]; }

ValueType read_type(Cursor& cursor) {
  const uint64_t at = cursor.position();
  const auto type = cursor.read<uint32_t>("a value type");
  if (type >= std::size(kTypes)) cursor.fail_at(at, concat("unknown value type ", type));
  return static_cast<ValueType>(type);
}

// Passes over values whose size only the file knows, within the bounds above.
class Walk {
 public:
  explicit Walk(Cursor& cursor) : cursor_(cursor) {}

  /// Passes over the elements of an array; gives the kind of the array.
  std::string elements(const ArrayHeader& array, uint64_t depth) {
    if (const uint64_t size = value_size(array.element); size != 0) {
      cursor_.take(array.length * size, "an array");
      return kind_of(row(array.element).name);
    }
    if (array.element == ValueType::string) return strings(array.length);
    if (depth == kDeepestArray) cursor_.fail(concat("arrays nested deeper than ", kDeepestArray));
    return arrays(array.length, depth);
  }

 private:
  static std::string kind_of(std::string_view element) { return concat("array[", element, "]"); }

  std::string strings(uint64_t length) {
    for (uint64_t i = 0; i < length; ++i) {
      const auto size = cursor_.read<uint64_t>("an array of strings");
      count(size);
      cursor_.take(size, "an array of strings");
    }
    return kind_of("string");
  }

  std::string arrays(uint64_t length, uint64_t depth) {
    std::string kind = length == 0 ? "array" : "";
    for (uint64_t i = 0; i < length; ++i) {
      count(0);
      const std::string inner = elements(read_array_header(cursor_), depth + 1);
      kind = i == 0 || kind == inner ? inner : "array";
    }
    return kind_of(kind);
  }

  void count(uint64_t bytes) {
    walked_ += 1;
    bytes_ += std::min(bytes, kMostWalkedBytes);
    if (walked_ > kMostWalkedElements) cursor_.fail(concat("more than ", kMostWalkedElements, " strings or arrays"));
    if (bytes_ > kMostWalkedBytes) cursor_.fail(concat("strings of more than ", kMostWalkedBytes, " bytes in all"));
  }

  Cursor& cursor_;
  uint64_t walked_ = 0;
  uint64_t bytes_ = 0;
};

std::string_view read_key(Cursor& cursor) {
  const uint64_t at = cursor.position();
  const auto size = cursor.read<uint64_t>("a key");
  if (size == 0) cursor.fail_at(at, "empty key");
  if (size > kLongestKey) cursor.fail_at(at, concat("key of ", size, " bytes, ", kLongestKey, " are allowed"));
  const std::string_view key = cursor.take(size, "a key");
  if (!is_utf8(key)) cursor.fail_at(at, concat("key '", escaped(key), "' is not valid UTF-8"));
  return key;
}

MetadataEntry read_entry(Cursor& cursor, Walk& walk) {
  const std::string_view key = read_key(cursor);
  cursor.set_subject({"key", key});
  const ValueType type = read_type(cursor);
  MetadataEntry entry{std::string(key), row(type).name, type, type, 1, cursor.position()};
  if (type == ValueType::array) {
    const ArrayHeader array = read_array_header(cursor);
    entry.element = array.element;
    entry.length = array.length;
    entry.offset = cursor.position();
    entry.kind = walk.elements(array, 1);
  } else if (type == ValueType::string) {
    cursor.take_string("a string");
  } else {
    cursor.take(value_size(type), "a value");
  }
  return entry;
}

}  // namespace

uint64_t value_size(ValueType type) { return row(type).size; }

ArrayHeader read_array_header(Cursor& cursor) {
  const ValueType element = read_type(cursor);
  const uint64_t at = cursor.position();
  const auto length = cursor.read<uint64_t>("the length of an array");
  if (length > cursor.remaining() / row(element).smallest_size) {
    cursor.fail_at(at, concat("array of ", length, " elements (", row(element).name, ") in a file with ",
                              cursor.remaining(), " bytes left"));
  }
  return {element, length};
}

Metadata::Metadata(Cursor& cursor, uint64_t count) {
  cursor.require_count(count, kSmallestEntry, kMostEntries, 16, "keys");
  entries_.reserve(count);
  Walk walk(cursor);
  uint64_t key_bytes = 0;
  for (uint64_t i = 0; i < count; ++i) {
    cursor.set_subject({"metadata", ""});
    entries_.push_back(read_entry(cursor, walk));
    key_bytes += entries_.back().key.size();
    if (key_bytes > kMostKeyBytes) cursor.fail(concat("keys of more than ", kMostKeyBytes, " bytes in all"));
  }
  index_keys(cursor);
}

// Sorted, not hashed: no choice of keys makes this slow.
void Metadata::index_keys(const Cursor& cursor) {
  by_key_.resize(entries_.size());
  std::iota(by_key_.begin(), by_key_.end(), 0U);
  const auto key = [this](uint32_t i) -> const std::string& { return entries_[i].key; };
  std::ranges::stable_sort(by_key_, {}, key);
  const auto twice = std::ranges::adjacent_find(by_key_, {}, key);
  if (twice == by_key_.end()) return;
  const MetadataEntry& second = entries_[*std::next(twice)];
  throw GGUFError(error_line(cursor.file().path(), {"key", second.key}, second.offset, "the key occurs twice"));
}

const MetadataEntry* Metadata::find(std::string_view key) const {
  const auto projected = [this](uint32_t i) -> std::string_view { return entries_[i].key; };
  const auto found = std::ranges::lower_bound(by_key_, key, {}, projected);
  return found != by_key_.end() && entries_[*found].key == key ? &entries_[*found] : nullptr;
}

std::optional<uint64_t> read_count(Cursor cursor, const MetadataEntry& entry) {
  const auto non_negative = [](int64_t value) {
    return value < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(value));
  };
  constexpr std::string_view what = "a value";
  switch (entry.type) {
    case ValueType::uint8:
      return cursor.read<uint8_t>(what);
    case ValueType::uint16:
      return cursor.read<uint16_t>(what);
    case ValueType::uint32:
      return cursor.read<uint32_t>(what);
    case ValueType::uint64:
      return cursor.read<uint64_t>(what);
    case ValueType::int8:
      return non_negative(cursor.read<int8_t>(what));
    case ValueType::int16:
      return non_negative(cursor.read<int16_t>(what));
    case ValueType::int32:
      return non_negative(cursor.read<int32_t>(what));
    case ValueType::int64:
      return non_negative(cursor.read<int64_t>(what));
    default:
      return std::nullopt;
  }
}

}  // namespace ggufscope
