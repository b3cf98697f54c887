// The bytes of a file that is nowhere: pieces of other files, one behind the other.
//
//   ├─ memory ─┼────── a run of a file ──────┼ zeros ┼── rows of a run, in another order ──┼ … ┤
//
// So a checkpoint in safetensors is read as the GGUF file that a converter would write of it, without that being
// written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "gguf/byte_source.h"
#include "gguf/row_order.h"

namespace ggufscope {

/// A file that pieces are taken from.
struct Component {
  std::shared_ptr<const ByteSource> bytes;
  uint64_t size;
  std::string path;  // what errors call it
};

class ComposedBytes final : public ByteSource {
 public:
  explicit ComposedBytes(std::vector<Component> components) : components_(std::move(components)) {}

  /// Each adds a segment at the end. They throw std::invalid_argument for a component that is not there and for more
  /// bytes than a file may have, GGUFError for bytes that a component does not have.
  void add_memory(std::string bytes);
  void add_zeros(uint64_t size);
  void add_run(size_t component, uint64_t offset, uint64_t size);
  void add_rows(size_t component, uint64_t offset, uint64_t row_bytes, RowOrder order);

  uint64_t size() const { return size_; }

  void read(uint64_t offset, std::byte* out, size_t size) const override;
  void expect(std::span<const ByteRange> ranges) const override;
  void cancel() const override;

 private:
  struct Zeros {};
  struct Run {
    size_t component;
    uint64_t offset;
  };
  struct Rows {
    Run run;
    uint64_t row_bytes;
    RowOrder order;
  };
  using Content = std::variant<Zeros, std::string, Run, Rows>;
  struct Segment {
    uint64_t begin;  // it ends where the next one begins
    Content content;
  };

  void add(Content content, uint64_t size);
  void require_run(size_t component, uint64_t offset, uint64_t size) const;
  template <class Visit>
  void each_part(uint64_t offset, uint64_t size, const Visit& visit) const;

  void read_rows(const Rows& rows, uint64_t begin, std::byte* out, size_t size) const;
  void read_gathered(const Rows& rows, uint64_t begin, std::byte* out, size_t size) const;

  std::vector<Component> components_;
  std::vector<Segment> segments_;  // none of them empty
  uint64_t size_ = 0;
};

}  // namespace ggufscope
