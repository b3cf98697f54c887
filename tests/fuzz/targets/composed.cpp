// A file composed of any segments: each range of it is what stands in the segments, written one behind the other.
// Segments that have no such bytes are refused.
//
//   256 stored bytes │ segments: a kind, a byte, then │ memory: size, bytes │ zeros: size │ run: offset, size (two
//   bytes each) │ rows in pairs, in halves: offset (two bytes), bytes of a row, rows, heads │ listed: offset (two
//   bytes), bytes of a row, rows, places, the row of each
#include <stdexcept>

#include "fuzz/input.h"
#include "fuzz/memory_source.h"
#include "gguf/composed_bytes.h"
#include "gguf/error.h"

namespace ggufscope {
namespace {

constexpr size_t kStored = 256;
constexpr size_t kLargest = 1 << 16;  // of the whole file

// Builds the composed bytes, and what they should be.
class Composer {
 public:
  explicit Composer(std::span<const std::byte> stored)
      : stored_(stored), composed_({{std::make_shared<MemorySource>(stored), stored.size(), "stored"}}) {}

  void add_segment(Input& input) {
    const unsigned kind = input.byte() % 6;
    if (kind == 0) add_memory(input);
    if (kind == 1) add_zeros(input.byte());
    if (kind == 2) add_run(input);
    if (kind == 3) add_heads(input, true);
    if (kind == 4) add_heads(input, false);
    if (kind == 5) add_listed(input);
  }

  bool is_full() const { return written_.size() > kLargest; }

  void require_same() const {
    require(composed_.size() == written_.size(), "as many bytes as all segments have");
    require_range(0, written_.size());
    for (size_t begin = 0; begin < written_.size(); begin += 1 + begin / 3) {
      require_range(begin, std::min<size_t>(written_.size() - begin, 1 + begin % 61));
    }
  }

 private:
  void add_memory(Input& input) {
    const auto bytes = input.take(input.byte());
    composed_.add_memory(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    written_.insert(written_.end(), bytes.begin(), bytes.end());
  }

  void add_zeros(size_t size) {
    composed_.add_zeros(size);
    written_.resize(written_.size() + size);
  }

  void add_run(Input& input) {
    const size_t offset = input.word();
    const size_t size = input.word();
    const bool fits = offset + size <= stored_.size();
    add(fits, [&] { composed_.add_run(0, offset, size); });
    if (fits) write(offset, size);
  }

  // Where each row goes, as loops over heads, halves and their rows.
  void add_heads(Input& input, bool pairs) {
    const size_t offset = input.word();
    const size_t row_bytes = input.byte();
    const size_t rows = input.byte();
    const size_t heads = input.byte();
    const bool fits = heads > 0 && rows % (2 * heads) == 0 && offset + row_bytes * rows <= stored_.size();
    add(fits, [&] {
      composed_.add_rows(0, offset, row_bytes,
                         pairs ? RowOrder::halves_to_pairs(rows, heads) : RowOrder::pairs_to_halves(rows, heads));
    });
    if (!fits) return;
    const size_t half = rows / heads / 2;
    for (size_t head = 0; head < heads; ++head) {
      for (size_t outer = 0; outer < (pairs ? half : 2); ++outer) {
        for (size_t inner = 0; inner < (pairs ? 2 : half); ++inner) {
          const size_t in_head = pairs ? inner * half + outer : inner * 2 + outer;
          write(offset + (head * 2 * half + in_head) * row_bytes, row_bytes);
        }
      }
    }
  }

  void add_listed(Input& input) {
    const size_t offset = input.word();
    const size_t row_bytes = input.byte();
    const size_t rows = input.byte();
    std::vector<uint64_t> places(input.byte());
    for (uint64_t& row : places) row = input.byte();
    const bool there = std::ranges::all_of(places, [&](uint64_t row) { return row < rows; });
    const bool fits = there && offset + row_bytes * rows <= stored_.size();
    add(fits, [&] { composed_.add_rows(0, offset, row_bytes, RowOrder::listed(rows, places)); });
    if (!fits) return;
    for (const uint64_t row : places) write(offset + row * row_bytes, row_bytes);
  }

  template <class Add>
  static void add(bool fits, const Add& add_to_composed) {
    bool added = true;
    try {
      add_to_composed();
    } catch (const GGUFError&) {
      added = false;
    } catch (const std::invalid_argument&) {
      added = false;
    }
    require(added == fits, "segments are taken if they have their bytes, and refused otherwise");
  }

  void write(size_t offset, size_t size) {
    const auto bytes = stored_.subspan(offset, size);
    written_.insert(written_.end(), bytes.begin(), bytes.end());
  }

  void require_range(size_t begin, size_t size) const {
    Bytes read(size);
    composed_.read(begin, read.data(), size);
    const bool same = std::equal(read.begin(), read.end(), written_.begin() + static_cast<std::ptrdiff_t>(begin));
    require(same, "a range is that of the file written out");
  }

  std::span<const std::byte> stored_;
  ComposedBytes composed_;
  Bytes written_;
};

void run(Input input) {
  Composer composer(input.take(kStored));
  while (!input.is_empty() && !composer.is_full()) composer.add_segment(input);
  composer.require_same();
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({data, size});
  return 0;
}
