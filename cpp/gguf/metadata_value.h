// Metadata values, copied out of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gguf/file.h"

namespace ggufscope {

/// A scalar or an array. One of `numbers`, `texts` and `arrays` is used, by type.
struct MetadataValue {
  ValueType type;  // of the scalar, or of the array's elements
  bool is_array;
  std::vector<std::byte> numbers;   // one behind the other, in native byte order; booleans are 0 or 1
  std::string text;                 // all strings, one behind the other
  std::vector<uint64_t> text_ends;  // where each ends in `text`
  std::vector<MetadataValue> arrays;
};

/// The value of an entry; an array gives its first `limit` elements. May touch a mapped file, so Python's lock must not
/// be held. Throws GGUFError when the file has shrunk, and for a value of more than 2²⁸ bytes.
MetadataValue read_value(const File& file, const MetadataEntry& entry, std::optional<uint64_t> limit);

}  // namespace ggufscope
