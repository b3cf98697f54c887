// Bytes of a fuzz input as a source that is read.
#pragma once

#include <algorithm>
#include <span>

#include "fuzz/require.h"
#include "gguf/byte_source.h"

namespace ggufscope {
namespace {

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}

  void read(uint64_t offset, std::byte* out, size_t size) const override {
    require(offset <= bytes_.size() && size <= bytes_.size() - offset, "reads inside the source");
    std::ranges::copy(bytes_.subspan(offset, size), out);
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace
}  // namespace ggufscope
