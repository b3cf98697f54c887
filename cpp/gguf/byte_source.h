// Where bytes come from when they do not lie in memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ggufscope {

/// A local file is one (Mapping); a range of a remote file may be another.
class ByteSource {
 public:
  ByteSource() = default;
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Copies bytes offset … offset + size − 1, which lie inside. Throws GGUFError when they are gone. Called by several
  /// threads at once.
  virtual void read(uint64_t offset, std::byte* out, size_t size) const = 0;
};

}  // namespace ggufscope
