// Metadata of any bytes, behind a header that lets them be read: every value decoded is what stands in the file, and
// entries follow one another without a gap.
//
//   byte order and version, a byte │ number of entries, a byte │ the entries, as in a file
#include <cstring>

#include "fuzz/files.h"
#include "fuzz/input.h"
#include "fuzz/opened.h"

namespace ggufscope {
namespace {

enum Header : uint8_t { kBig = 1, kVersion2 = 2 };

template <class Number>
void put(Bytes& file, Number number, bool big) {
  const Number ordered = big ? byte_swapped(number) : number;
  const auto* bytes = reinterpret_cast<const std::byte*>(&ordered);
  file.insert(file.end(), bytes, bytes + sizeof ordered);
}

Bytes file_of(Input& input) {
  const uint8_t header = input.byte();
  const bool big = (header & kBig) != 0;
  Bytes file;
  for (const char letter : std::string_view("GGUF")) file.push_back(static_cast<std::byte>(letter));
  put<uint32_t>(file, (header & kVersion2) != 0 ? 2 : 3, big);
  put<uint64_t>(file, 0, big);
  put<uint64_t>(file, input.byte(), big);
  const auto entries = input.rest();
  file.insert(file.end(), entries.begin(), entries.end());
  return file;
}

// Compares values with the bytes they were read from, and so finds where those end.
class FileBytes {
 public:
  FileBytes(const File& file, uint64_t position)
      : bytes_(reinterpret_cast<const char*>(file.input->head().data()), file.input->size()),
        big_(file.order == ByteOrder::big),
        at_(position) {}

  uint64_t position() const { return at_; }

  void require(const MetadataValue& value) {
    if (value.is_array && value.type == ValueType::array) {
      for (const MetadataValue& inner : value.arrays) require_inner(inner);
    } else if (value.type == ValueType::string) {
      require_texts(value);
    } else {
      require_numbers(value);
    }
  }

 private:
  void require_inner(const MetadataValue& inner) {
    require_equal(static_cast<uint32_t>(inner.type), "the type of an inner array");
    require_equal<uint64_t>(length_of(inner), "its length");
    require(inner);
  }
  static uint64_t length_of(const MetadataValue& value) {
    if (value.type == ValueType::array) return value.arrays.size();
    if (value.type == ValueType::string) return value.text_ends.size();
    return value.numbers.size() / value_size(value.type);
  }
  void require_texts(const MetadataValue& value) {
    uint64_t begin = 0;
    for (const uint64_t end : value.text_ends) {
      require_equal<uint64_t>(end - begin, "the length of a text");
      const std::string_view text = std::string_view(value.text).substr(begin, end - begin);
      ggufscope::require(take(text.size()) == text, "a text as it stands in the file");
      begin = end;
    }
    ggufscope::require(begin == value.text.size(), "texts and nothing else");
  }
  void require_numbers(const MetadataValue& value) {
    const size_t size = value_size(value.type);
    for (size_t i = 0; i < value.numbers.size(); i += size) {
      std::string number(reinterpret_cast<const char*>(&value.numbers[i]), size);
      const std::string_view bytes = take(size);
      if (value.type == ValueType::boolean) {
        ggufscope::require((number[0] == 1) == (bytes[0] != 0) && (number[0] & ~1) == 0, "a boolean");
        continue;
      }
      if (big_) std::ranges::reverse(number);
      ggufscope::require(number == bytes, "a number as it stands in the file");
    }
  }
  template <class Number>
  void require_equal(Number expected, std::string_view property) {
    Number number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    ggufscope::require((big_ ? byte_swapped(number) : number) == expected, property);
  }
  std::string_view take(uint64_t size) {
    ggufscope::require(at_ <= bytes_.size() && size <= bytes_.size() - at_, "values lie in the file");
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

  std::string_view bytes_;
  bool big_;
  uint64_t at_;
};

void run(Input input) {
  const std::string path = directory().write("metadata.gguf", file_of(input));
  std::string refusal;
  const auto model = open_model(path, refusal);
  if (model == nullptr) return;
  require_sound(*model);
  const File& file = model->files().front();
  uint64_t end = 24;  // of the header
  for (const MetadataEntry& entry : file.metadata.entries()) {
    const uint64_t array_header = entry.type == ValueType::array ? 12 : 0;
    require(entry.offset == end + 8 + entry.key.size() + 4 + array_header, "entries follow one another", entry.key);
    FileBytes bytes(file, entry.offset);
    bytes.require(read_value(file, entry, std::nullopt));
    end = bytes.position();
  }
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({data, size});
  return 0;
}
