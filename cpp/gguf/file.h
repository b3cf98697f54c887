// One GGUF file, header to tensor table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gguf/headed_file.h"
#include "gguf/metadata.h"
#include "gguf/tensor_table.h"

namespace ggufscope {

struct File {
  std::shared_ptr<const InputFile> input;
  uint32_t version;
  ByteOrder order;
  uint64_t alignment;
  uint64_t data_start;  // of the data section
  Metadata metadata;
  std::vector<TensorInfo> tensors;  // in file order

  /// Maps and checks a file. Throws GGUFError, and std::filesystem::filesystem_error when it cannot be opened.
  static File open(const std::string& path);

  /// Checks a file, whose head is extended as far as the header goes. Throws GGUFError, and what its source throws.
  static File open(const std::shared_ptr<HeadedFile>& headed, TypesOf types = TypesOf::ggml);

  /// Points to the value of one of this file's entries. Both must outlive the cursor.
  Cursor value_cursor(const MetadataEntry& entry) const;

  /// The value of an integer key; nullopt when it is absent or not a non-negative integer.
  std::optional<uint64_t> count(std::string_view key) const;
};

}  // namespace ggufscope
