// A file of any source of bytes, the first of which are kept in memory.
//
//   ├── head, 4 MiB, then 8, 16 … until header and tensor table are in it ──┤── read when somebody asks for it ──┤
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "gguf/input_file.h"

namespace ggufscope {

class HeadedFile final : public InputFile {
 public:
  /// Of headers, most have less: one read is enough for them.
  static constexpr uint64_t kFirstHead = 4 << 20;

  /// The largest head. Headers in use have a thirtieth of it, and it is twice the strings that a header may have
  /// (metadata.cpp). A mapped file may have a longer one, of numbers; here all of it would have to be fetched, and
  /// kept.
  static constexpr uint64_t kLargestHead = 512 << 20;

  /// Reads the first `head_size` bytes, or all there are. Throws GGUFError when the file is empty, and what the source
  /// throws.
  HeadedFile(const std::string& path, uint64_t size, std::unique_ptr<const ByteSource> source,
             uint64_t head_size = kFirstHead);

  /// Doubles the head, to `needed` bytes at least, by reading what it lacks. Before others know of the file: pointers
  /// into the head are void. Throws GGUFError where `needed` is more than a head may be.
  void extend_head(uint64_t needed);

  void read(uint64_t offset, std::byte* out, size_t size) const override;
  void expect(std::span<const ByteRange> ranges) const override { source_->expect(ranges); }
  void cancel() const override { source_->cancel(); }

 private:
  void read_head(uint64_t head_size);

  std::unique_ptr<const ByteSource> source_;
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace ggufscope
