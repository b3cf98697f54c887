// Where bytes come from when they do not lie in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ggufscope {

struct ByteRange {
  uint64_t offset;
  uint64_t size;
};

class Mapping;

/// A local file is one (Mapping); a remote file is another, and so is a file that is composed of others.
class ByteSource {
 public:
  ByteSource() = default;
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Copies bytes offset … offset + size − 1, which lie inside. Throws GGUFError when they are gone. Called by several
  /// threads at once.
  virtual void read(uint64_t offset, std::byte* out, size_t size) const = 0;

  /// The source as a mapping, whose bytes may be read where they lie; nullptr for one that is none.
  virtual const Mapping* mapping() const { return nullptr; }

  /// Announces ranges that are about to be read in this order, so that those that take long to come may be fetched
  /// ahead. Each call replaces what was announced before.
  virtual void expect(std::span<const ByteRange>) const {}

  /// Lets reads of other threads that wait for their bytes give up, because nobody needs them any more.
  virtual void cancel() const {}
};

}  // namespace ggufscope
