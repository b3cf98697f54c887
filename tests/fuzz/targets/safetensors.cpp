// The head of a safetensors file, any bytes, and the size of the file: read as tensors that cover its data, or refused
// in one line.
//
//   bytes behind the head, two bytes │ the file's first bytes
#include <algorithm>
#include <cstring>
#include <string>

#include "formats/types.h"
#include "fuzz/input.h"
#include "fuzz/require.h"
#include "gguf/error.h"
#include "safetensors/header.h"

namespace ggufscope {
namespace {

constexpr std::string_view kPath = "model.safetensors";

// What is wrong with it; empty where it is read.
std::string refusal_of(std::string_view head, uint64_t file_size, SafetensorsHeader& header) {
  try {
    const uint64_t size = safetensors_head_size(head, file_size, kPath);
    if (head.size() < size) return "its head is not whole";
    header = read_safetensors_header(head, file_size, kPath);
    return "";
  } catch (const GGUFError& error) {
    const std::string_view line = error.what();
    require(line.starts_with(kPath) && line.find('\n') == std::string_view::npos, "a refusal is one line", line);
    require(line.find(", byte ") != std::string_view::npos, "a refusal says where", line);
    return error.what();
  }
}

std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') json += '\\';
    if (byte < 0x20) {
      json += byte < 0x10 ? "\\u000" : "\\u001";
      json += "0123456789abcdef"[byte & 0xF];
    } else {
      json += c;
    }
  }
  return json + "\"";
}

// The same header, written as the library writes it.
std::string written(const SafetensorsHeader& header, uint64_t data_start) {
  std::string json = R"({"__metadata__":{)";
  for (const auto& [key, value] : header.metadata) {
    if (json.back() != '{') json += ',';
    json += concat(quoted(key), ":", quoted(value));
  }
  json += '}';
  for (const SafetensorsTensor& tensor : header.tensors) {
    json += concat(",", quoted(tensor.name), R"(:{"dtype":")", tensor.dtype->name, R"(","shape":[)");
    for (const uint64_t extent : tensor.shape) {
      if (json.back() != '[') json += ',';
      json += std::to_string(extent);
    }
    json += concat(R"(],"data_offsets":[)", tensor.begin - data_start, ",", tensor.end - data_start, "]}");
  }
  json += '}';
  const uint64_t length = json.size();
  std::string head(sizeof length, '\0');
  std::memcpy(head.data(), &length, sizeof length);
  return head + json;
}

void require_sound(const SafetensorsHeader& header, uint64_t data_start, uint64_t file_size) {
  uint64_t start = data_start;
  std::vector<std::string_view> names;
  for (const SafetensorsTensor& tensor : header.tensors) {
    require(is_utf8(tensor.name), "names are UTF-8");
    names.push_back(tensor.name);
    require(tensor.begin == start && tensor.end >= start, "data lies in order, without gaps", tensor.name);
    start = tensor.end;
    const TypeInfo* type = find_type(tensor.dtype->name);
    require(type != nullptr && type->elements_per_block == 1, "dtypes are types of single numbers", tensor.dtype->name);
    uint64_t bytes = type->bytes_per_block;
    for (const uint64_t extent : tensor.shape) bytes *= extent;
    require(bytes == tensor.end - tensor.begin, "shapes fit the data", tensor.name);
  }
  require(start == file_size, "data reaches to the end of the file");
  std::ranges::sort(names);
  require(std::ranges::adjacent_find(names) == names.end(), "names are there once");
}

void require_written_alike(const SafetensorsHeader& header, uint64_t data_start, uint64_t data_size) {
  const std::string head = written(header, data_start);
  SafetensorsHeader again;
  const std::string refusal = refusal_of(head, head.size() + data_size, again);
  require(refusal.empty(), "what was read is read again", refusal);
  require(written(again, head.size()) == head, "what is read again is the same", head);
}

void run(Input input) {
  const uint64_t behind = input.word();
  const auto bytes = input.rest();
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (head.size() < sizeof(uint64_t)) return;
  const uint64_t file_size = head.size() + behind;
  SafetensorsHeader header;
  SafetensorsHeader same;
  const std::string refusal = refusal_of(head, file_size, header);
  require(refusal_of(head, file_size, same) == refusal, "a file is refused for the same reason", refusal);
  if (!refusal.empty()) return;
  const uint64_t data_start = safetensors_head_size(head, file_size, kPath);
  require_sound(header, data_start, file_size);
  require_written_alike(header, data_start, file_size - data_start);
  SafetensorsHeader longer;
  require(!refusal_of(head, file_size + 1, longer).empty(), "every byte of the file belongs to a tensor");
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({data, size});
  return 0;
}
