// The keys of a GGUF file. Values stay in the file: an entry knows where its value lies, and a token list of 128 000
// strings costs nothing until somebody asks for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/cursor.h"
#include "state/members.h"

namespace ggufscope {

// As gguf_type numbers them.
enum class ValueType : uint32_t {
  uint8,
  int8,
  uint16,
  int16,
  uint32,
  int32,
  float32,
  boolean,
  string,
  array,
  uint64,
  int64,
  float64,
};

/// Arrays may be nested so deep.
inline constexpr uint64_t kDeepestArray = 8;

/// Bytes of one value; 0 for strings and arrays, whose size is in the file.
uint64_t value_size(ValueType type);

struct ArrayHeader {
  ValueType element;
  uint64_t length;  // checked: the file is long enough for elements of the smallest size
};

/// Reads and checks what precedes the elements of an array.
ArrayHeader read_array_header(Cursor& cursor);

struct MetadataEntry {
  std::string key;
  std::string kind;   // "uint32", "string", "array[string]", "array[array[uint8]]"; "array[array]" where mixed
  ValueType type;     // array: see `element`
  ValueType element;  // of an array, otherwise the same as type
  uint64_t length;    // of an array, otherwise 1
  uint64_t offset;    // of the value, for an array of its first element

  using Members = MemberList<&MetadataEntry::key, &MetadataEntry::kind, &MetadataEntry::type, &MetadataEntry::element,
                             &MetadataEntry::length, &MetadataEntry::offset>;
  bool is_sound() const { return type <= ValueType::float64 && element <= ValueType::float64; }
};

class Metadata {
 public:
  Metadata() = default;

  /// Reads `count` entries; the cursor ends behind them.
  Metadata(Cursor& cursor, uint64_t count);

  /// In file order.
  const std::vector<MetadataEntry>& entries() const { return entries_; }

  /// nullptr when the key is absent.
  const MetadataEntry* find(std::string_view key) const;

 private:
  void index_keys(const Cursor& cursor);

  std::vector<MetadataEntry> entries_;
  std::vector<uint32_t> by_key_;  // entry numbers in the order of their keys
};

/// The value of an integer entry of any width, which `cursor` points to; nullopt for other types and negative values.
std::optional<uint64_t> read_count(Cursor cursor, const MetadataEntry& entry);

}  // namespace ggufscope
