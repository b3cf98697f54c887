// One GGUF file, header to tensor table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gguf/mapping.h"
#include "gguf/metadata.h"
#include "gguf/tensor_table.h"

namespace ggufscope {

struct File {
  std::shared_ptr<const Mapping> mapping;
  uint32_t version;
  ByteOrder order;
  uint64_t alignment;
  Metadata metadata;
  std::vector<TensorInfo> tensors;  // in file order

  /// Maps and checks a file. `index` is its number in the model. Throws GGUFError, and
  /// std::filesystem::filesystem_error when it cannot be opened.
  static File open(const std::string& path, uint32_t index);

  /// Points to the value of one of this file's entries. Both must outlive the cursor.
  Cursor value_cursor(const MetadataEntry& entry) const;

  /// The value of an integer key; nullopt when it is absent or not a non-negative integer.
  std::optional<uint64_t> count(std::string_view key) const;
};

}  // namespace ggufscope
