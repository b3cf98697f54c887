#include "gguf/file.h"

#include <algorithm>
#include <bit>

#include "gguf/mapping.h"
#include "gguf/not_gguf.h"

namespace ggufscope {
namespace {

//   byte 0        4         8                  16                24
//        ┌────────┬─────────┬──────────────────┬──────────────────┬─────────────────┬──────────────┬───
//        │ "GGUF" │ version │ tensor count     │ key count        │ keys and values │ tensor table │ …
//        └────────┴─────────┴──────────────────┴──────────────────┴─────────────────┴──────────────┴───
// The version tells the byte order of everything behind the four letters.
constexpr std::string_view kMagic = "GGUF";
constexpr uint64_t kTellingBytes = 4096;  // of a file that is not GGUF: they tell what it is
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kLargestAlignment = 16 << 20;

void require_magic(const InputFile& file) {
  const uint64_t telling = std::min(file.size(), kTellingBytes);
  const auto beginning = file.head().first(std::min<uint64_t>(file.head().size(), telling));
  const std::string_view head(reinterpret_cast<const char*>(beginning.data()), beginning.size());
  if (head.starts_with(kMagic)) return;
  if (head.size() < telling) throw ShortHead(telling);
  if (kMagic.starts_with(head)) {
    throw GGUFError(error_line(file.path(), concat("the file ends after ", file.size(), " bytes")));
  }
  throw GGUFError(error_line(file.path(), describe_foreign_file(head, file.size())));
}

struct Version {
  uint32_t number;
  ByteOrder order;
};

Version read_version(Cursor cursor) {
  const auto little = cursor.read<uint32_t>("the version");
  const uint32_t big = byte_swapped(little);
  const Version version = little != 0 && (little & 0xFFFF) == 0 ? Version{big, ByteOrder::big}  //
                                                                : Version{little, ByteOrder::little};
  if (version.number < 2 || version.number > 3) {
    cursor.fail_at(4, concat("GGUF v", version.number, " is not supported, only versions 2 and 3"));
  }
  return version;
}

uint64_t read_alignment(const File& file) {
  const MetadataEntry* entry = file.metadata.find("general.alignment");
  if (entry == nullptr) return kDefaultAlignment;
  Cursor cursor = file.value_cursor(*entry);
  if (entry->type != ValueType::uint32) cursor.fail(concat("the alignment must be uint32, not ", entry->kind));
  const auto alignment = cursor.read<uint32_t>("a value");
  if (!std::has_single_bit(alignment)) cursor.fail(concat("alignment ", alignment, " is not a power of two"));
  if (alignment > kLargestAlignment) cursor.fail(concat("alignment ", alignment, " is absurd"));
  return alignment;
}

File parse(std::shared_ptr<const InputFile> input, TypesOf types) {
  require_magic(*input);
  const Subject header{"header", ""};
  const Version version = read_version(Cursor(*input, ByteOrder::little, kMagic.size(), header));
  Cursor cursor(*input, version.order, kMagic.size() + sizeof version.number, header);
  const auto n_tensors = cursor.read<uint64_t>("the header");
  const auto n_keys = cursor.read<uint64_t>("the header");
  File file{std::move(input), version.number, version.order, kDefaultAlignment, 0, {}, {}};
  file.metadata = Metadata(cursor, n_keys);
  file.alignment = read_alignment(file);
  file.tensors = read_tensor_table(cursor, n_tensors, file.alignment, types);
  file.data_start = (cursor.position() + file.alignment - 1) & ~(file.alignment - 1);
  place_tensors(file.tensors, *file.input, file.data_start, file.alignment);
  return file;
}

}  // namespace

File File::open(const std::string& path) {
  const auto mapping = Mapping::open(path);
  File file = guarded([&] { return parse(mapping, TypesOf::ggml); });
  mapping->require_intact();
  return file;
}

// A header that goes on behind the head is read from its beginning again: that costs milliseconds, and the head
// doubles.
File File::open(const std::shared_ptr<HeadedFile>& headed, TypesOf types) {
  for (;;) {
    uint64_t needed = 0;
    try {
      return parse(headed, types);
    } catch (const ShortHead& head) {
      needed = head.needed;
    }
    headed->extend_head(needed);
  }
}

Cursor File::value_cursor(const MetadataEntry& entry) const {
  return Cursor(*input, order, entry.offset, {"key", entry.key});
}

std::optional<uint64_t> File::count(std::string_view key) const {
  const MetadataEntry* entry = metadata.find(key);
  return entry == nullptr ? std::nullopt : read_count(value_cursor(*entry), *entry);
}

}  // namespace ggufscope
