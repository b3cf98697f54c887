#include "gguf/composed_bytes.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "gguf/error.h"

namespace ggufscope {
namespace {

constexpr uint64_t kMostBytes = INT64_MAX;  // of a file

// Rows that are asked for at once: they are read in the order in which they are stored, into memory of its own.
constexpr size_t kGathered = size_t{4} << 20;

// Bytes of one row, and where they go.
struct Part {
  uint64_t from;
  size_t to;
  size_t size;
};

}  // namespace

void ComposedBytes::add(Content content, uint64_t size) {
  if (size > kMostBytes - size_) throw std::invalid_argument("the segments are larger than any file");
  if (size == 0) return;
  segments_.push_back({size_, std::move(content)});
  size_ += size;
}

void ComposedBytes::require_run(size_t component, uint64_t offset, uint64_t size) const {
  if (component >= components_.size()) {
    throw std::invalid_argument(
        concat("reader ", component, " of ", components_.size(), ", counted from 0, is not there"));
  }
  const Component& file = components_[component];
  if (size <= file.size && offset <= file.size - size) return;
  throw GGUFError(error_line(file.path, {"data", ""}, offset,
                             concat(size, " bytes from here on are needed, the file ends at ", file.size)));
}

void ComposedBytes::add_memory(std::string bytes) {
  const uint64_t size = bytes.size();
  add(std::move(bytes), size);
}

void ComposedBytes::add_zeros(uint64_t size) { add(Zeros{}, size); }

void ComposedBytes::add_run(size_t component, uint64_t offset, uint64_t size) {
  require_run(component, offset, size);
  add(Run{component, offset}, size);
}

void ComposedBytes::add_rows(size_t component, uint64_t offset, uint64_t row_bytes, RowOrder order) {
  uint64_t stored = 0;
  uint64_t size = 0;
  if (__builtin_mul_overflow(order.rows(), row_bytes, &stored) ||
      __builtin_mul_overflow(order.size(), row_bytes, &size)) {
    throw std::invalid_argument("the rows are larger than any file");
  }
  require_run(component, offset, stored);
  add(Rows{{component, offset}, row_bytes, std::move(order)}, size);
}

// Calls visit(content, begin of the part in its segment, size) for what each segment has of a range.
template <class Visit>
void ComposedBytes::each_part(uint64_t offset, uint64_t size, const Visit& visit) const {
  if (size == 0) return;
  auto segment = std::prev(std::ranges::upper_bound(segments_, offset, {}, &Segment::begin));
  for (const uint64_t end = offset + size; offset < end; ++segment) {
    const auto next = std::next(segment);
    const uint64_t part_end = std::min(end, next == segments_.end() ? size_ : next->begin);
    visit(segment->content, offset - segment->begin, part_end - offset);
    offset = part_end;
  }
}

void ComposedBytes::read(uint64_t offset, std::byte* out, size_t size) const {
  each_part(offset, size, [&](const Content& content, uint64_t begin, size_t part) {
    if (const auto* memory = std::get_if<std::string>(&content)) {
      std::copy_n(reinterpret_cast<const std::byte*>(memory->data()) + begin, part, out);
    } else if (const auto* run = std::get_if<Run>(&content)) {
      components_[run->component].bytes->read(run->offset + begin, out, part);
    } else if (const auto* rows = std::get_if<Rows>(&content)) {
      read_rows(*rows, begin, out, part);
    } else {
      std::fill_n(out, part, std::byte{0});
    }
    out += part;
  });
}

void ComposedBytes::read_rows(const Rows& rows, uint64_t begin, std::byte* out, size_t size) const {
  for (size_t done = 0; done < size; done += kGathered) {
    read_gathered(rows, begin + done, out + done, std::min(kGathered, size - done));
  }
}

// Rows that are neighbours where they are stored are read at once: of the halves of a head, that is two reads.
void ComposedBytes::read_gathered(const Rows& rows, uint64_t begin, std::byte* out, size_t size) const {
  std::vector<Part> parts;
  for (size_t done = 0; done < size;) {
    const uint64_t in_row = (begin + done) % rows.row_bytes;
    const uint64_t row = rows.order.row((begin + done) / rows.row_bytes);
    const size_t part = std::min<uint64_t>(size - done, rows.row_bytes - in_row);
    parts.push_back({rows.run.offset + row * rows.row_bytes + in_row, done, part});
    done += part;
  }
  std::ranges::stable_sort(parts, {}, &Part::from);
  const ByteSource& file = *components_[rows.run.component].bytes;
  std::unique_ptr<std::byte[]> memory;
  for (size_t first = 0; first < parts.size();) {
    size_t last = first + 1;
    while (last < parts.size() && parts[last].from == parts[last - 1].from + parts[last - 1].size) ++last;
    if (last == first + 1) {
      file.read(parts[first].from, out + parts[first].to, parts[first].size);
    } else {
      if (memory == nullptr) memory = std::make_unique_for_overwrite<std::byte[]>(size);
      const uint64_t from = parts[first].from;
      file.read(from, memory.get(), parts[last - 1].from + parts[last - 1].size - from);
      for (size_t i = first; i < last; ++i) {
        std::copy_n(memory.get() + (parts[i].from - from), parts[i].size, out + parts[i].to);
      }
    }
    first = last;
  }
}

// Rows in another order are announced as all of the run: what is read of it at once lies apart.
void ComposedBytes::expect(std::span<const ByteRange> ranges) const {
  std::vector<std::vector<ByteRange>> expected(components_.size());
  for (const ByteRange& range : ranges) {
    each_part(range.offset, range.size, [&](const Content& content, uint64_t begin, uint64_t size) {
      if (const auto* run = std::get_if<Run>(&content)) {
        expected[run->component].push_back({run->offset + begin, size});
      } else if (const auto* rows = std::get_if<Rows>(&content)) {
        expected[rows->run.component].push_back({rows->run.offset, rows->order.rows() * rows->row_bytes});
      }
    });
  }
  for (size_t i = 0; i < components_.size(); ++i) components_[i].bytes->expect(expected[i]);
}

void ComposedBytes::cancel() const {
  for (const Component& component : components_) component.bytes->cancel();
}

}  // namespace ggufscope
