#include "safetensors/header.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "safetensors/json.h"

namespace ggufscope {
namespace {

constexpr uint64_t kLengthSize = sizeof(uint64_t);
constexpr uint64_t kLongestHeader = 100'000'000;
constexpr size_t kMostTensors = size_t{1} << 18;
constexpr size_t kMostDimensions = 64;
constexpr std::string_view kMetadata = "__metadata__";

constexpr Dtype kDtypes[] = {
    {"BOOL", 8, true},     {"F4", 4, false},          {"F6_E2M3", 6, false},     {"F6_E3M2", 6, false},
    {"U8", 8, true},       {"I8", 8, true},           {"F8_E5M2", 8, true},      {"F8_E4M3", 8, true},
    {"F8_E8M0", 8, false}, {"F8_E4M3FNUZ", 8, false}, {"F8_E5M2FNUZ", 8, false}, {"I16", 16, true},
    {"U16", 16, true},     {"F16", 16, true},         {"BF16", 16, true},        {"I32", 32, true},
    {"U32", 32, true},     {"F32", 32, true},         {"C64", 64, false},        {"F64", 64, true},
    {"I64", 64, true},     {"U64", 64, true},
};

template <class Error = GGUFError>
[[noreturn]] void fail(std::string_view path, const SafetensorsTensor& tensor, std::string_view message) {
  throw Error(error_line(path, {"tensor", tensor.name}, tensor.declared_at, message));
}

const Dtype* read_dtype(JsonReader& json) {
  const uint64_t at = json.position();
  const std::string name = json.string("a dtype");
  const auto* dtype = std::ranges::find(kDtypes, name, &Dtype::name);
  if (dtype == std::end(kDtypes)) json.fail_at(at, concat("dtype '", escaped(name), "' is unknown"));
  return dtype;
}

std::vector<uint64_t> read_shape(JsonReader& json) {
  const uint64_t at = json.position();
  std::vector<uint64_t> shape;
  json.expect('[', "before a shape");
  while (json.next_member(']', shape.empty())) {
    if (shape.size() == kMostDimensions) json.fail_at(at, concat("more than ", kMostDimensions, " dimensions"));
    shape.push_back(json.unsigned_integer("a dimension"));
  }
  return shape;
}

std::pair<uint64_t, uint64_t> read_offsets(JsonReader& json) {
  json.expect('[', "before data_offsets");
  const uint64_t begin = json.unsigned_integer("an offset");
  json.expect(',', "between data_offsets");
  const uint64_t end = json.unsigned_integer("an offset");
  json.expect(']', "behind data_offsets");
  return {begin, end};
}

// Of a tensor's fields, each once; others may be there as often as they like.
class Fields {
 public:
  explicit Fields(JsonReader& json) : json_(json) {}

  void mark(bool& seen, std::string_view field, uint64_t at) const {
    if (seen) json_.fail_at(at, concat("the field '", field, "' occurs twice"));
    seen = true;
  }

  void read(SafetensorsTensor& tensor) {
    json_.expect('{', "before the fields of a tensor");
    for (bool first = true; json_.next_member('}', first); first = false) {
      const uint64_t at = json_.position();
      const std::string field = json_.key();
      if (field == "dtype") {
        mark(has_dtype_, field, at);
        tensor.dtype = read_dtype(json_);
      } else if (field == "shape") {
        mark(has_shape_, field, at);
        tensor.shape = read_shape(json_);
      } else if (field == "data_offsets") {
        mark(has_offsets_, field, at);
        std::tie(tensor.begin, tensor.end) = read_offsets(json_);
      } else {
        json_.skip_value(2);
      }
    }
    if (!has_dtype_ || !has_shape_ || !has_offsets_) {
      json_.fail_at(tensor.declared_at, concat("the field '",
                                               !has_dtype_   ? "dtype"
                                               : !has_shape_ ? "shape"
                                                             : "data_offsets",
                                               "' is missing"));
    }
  }

 private:
  JsonReader& json_;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
};

std::map<std::string, std::string> read_metadata(JsonReader& json) {
  std::map<std::string, std::string> metadata;
  if (json.take_null()) return metadata;
  json.expect('{', "before the metadata");
  for (bool first = true; json.next_member('}', first); first = false) {
    std::string key = json.key();
    metadata.insert_or_assign(std::move(key), json.string("the value of a metadata key"));
  }
  return metadata;
}

SafetensorsHeader read_json(JsonReader& json) {
  SafetensorsHeader header;
  bool has_metadata = false;
  json.expect('{', "at the start of the header");
  for (bool first = true; json.next_member('}', first); first = false) {
    const uint64_t at = json.position();
    std::string name = json.key();
    if (name == kMetadata) {
      json.set_subject({"metadata", ""});
      if (has_metadata) json.fail_at(at, "there are two of it");
      has_metadata = true;
      header.metadata = read_metadata(json);
    } else {
      if (header.tensors.size() == kMostTensors) json.fail_at(at, concat("more than ", kMostTensors, " tensors"));
      header.tensors.push_back({std::move(name), nullptr, {}, 0, 0, at});
      SafetensorsTensor& tensor = header.tensors.back();
      json.set_subject({"tensor", tensor.name});
      Fields(json).read(tensor);
    }
    json.set_subject({"header", ""});
  }
  if (!json.at_end()) json.fail("something behind the end of the header's object");
  return header;
}

// Of tensors of one name, the last.
void drop_repeated(std::vector<SafetensorsTensor>& tensors) {
  std::ranges::reverse(tensors);
  std::ranges::stable_sort(tensors, {}, &SafetensorsTensor::name);
  const auto repeated = std::ranges::unique(tensors, {}, &SafetensorsTensor::name);
  tensors.erase(repeated.begin(), repeated.end());
}

uint64_t bytes_of(const SafetensorsTensor& tensor, std::string_view path) {
  uint64_t bits = 1;
  bool fits = true;
  for (const uint64_t extent : tensor.shape) fits = fits && !__builtin_mul_overflow(bits, extent, &bits);
  fits = fits && !__builtin_mul_overflow(bits, uint64_t{tensor.dtype->bits}, &bits);
  if (!fits) fail(path, tensor, "its number of elements or bits does not fit into 64 bits");
  if (bits % 8 != 0) fail(path, tensor, concat("its ", bits, " bits are no whole bytes"));
  return bits / 8;
}

// Returns the bytes that tensors have in all.
uint64_t require_contiguous(const std::vector<SafetensorsTensor>& tensors, std::string_view path) {
  uint64_t start = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.end < tensor.begin) {
      fail(path, tensor, concat("its data ends at ", tensor.end, ", before it begins at ", tensor.begin));
    }
    if (tensor.begin != start) {
      fail(path, tensor,
           concat("its data begins at ", tensor.begin, " of the data section, ",
                  tensor.begin > start ? "behind a gap from " : "inside of what goes on to ", start));
    }
    if (const uint64_t bytes = bytes_of(tensor, path); tensor.end - tensor.begin != bytes) {
      fail(path, tensor,
           concat("its data_offsets hold ", tensor.end - tensor.begin, " bytes, its shape and ", tensor.dtype->name,
                  " need ", bytes));
    }
    start = tensor.end;
  }
  return start;
}

void require_covered(uint64_t data_size, uint64_t data_start, uint64_t file_size, std::string_view path) {
  const uint64_t held = file_size - data_start;
  if (data_size == held) return;
  const Subject subject{"data", ""};
  if (data_size < held) {
    throw GGUFError(error_line(path, subject, data_start + data_size,
                               concat(held - data_size, " bytes at the end of the file belong to no tensor")));
  }
  throw GGUFError(error_line(path, subject, file_size,
                             concat("it is cut off: tensors need ", data_size, " bytes, the file has ", held, "; ",
                                    data_size - held, " are missing, as after an incomplete download")));
}

}  // namespace

uint64_t safetensors_head_size(std::string_view beginning, uint64_t file_size, std::string_view path) {
  const Subject subject{"header", ""};
  if (file_size < kLengthSize) {
    throw GGUFError(
        error_line(path, subject, 0,
                   concat("the file ends inside its length: ", kLengthSize, " bytes needed, ", file_size, " there")));
  }
  if (beginning.size() < kLengthSize) throw std::invalid_argument("the first eight bytes of a file are needed");
  uint64_t length = 0;
  std::memcpy(&length, beginning.data(), sizeof length);
  if (length > kLongestHeader) {
    throw GGUFError(
        error_line(path, subject, 0, concat("it claims ", length, " bytes, ", kLongestHeader, " are allowed")));
  }
  if (length > file_size - kLengthSize) {
    throw GGUFError(
        error_line(path, subject, 0,
                   concat("the file ends inside it: ", length, " bytes needed, ", file_size - kLengthSize, " left")));
  }
  return kLengthSize + length;
}

SafetensorsHeader read_safetensors_header(std::string_view head, uint64_t file_size, std::string_view path) {
  const uint64_t size = safetensors_head_size(head, file_size, path);
  if (head.size() < size) throw std::invalid_argument(concat("the first ", size, " bytes of the file are needed"));
  const std::string_view text = head.substr(kLengthSize, size - kLengthSize);
  JsonReader json(text, path, kLengthSize);
  if (const size_t valid = valid_utf8(text); valid < text.size()) {
    json.fail_at(kLengthSize + valid, "it is not valid UTF-8");
  }
  SafetensorsHeader header = read_json(json);
  drop_repeated(header.tensors);
  std::ranges::sort(header.tensors, {}, [](const SafetensorsTensor& tensor) {
    return std::tuple(tensor.begin, tensor.end, tensor.declared_at);
  });
  require_covered(require_contiguous(header.tensors, path), size, file_size, path);
  for (SafetensorsTensor& tensor : header.tensors) {
    if (!tensor.dtype->is_decoded) {
      fail<UnsupportedTypeError>(path, tensor, concat("dtype ", tensor.dtype->name, " cannot be decoded"));
    }
    tensor.begin += size;
    tensor.end += size;
  }
  return header;
}

}  // namespace ggufscope
