// The header of a safetensors file: what each tensor is, and where its data lies.
//
//   byte 0          8                                  8 + n                          end
//        ┌──────────┬──────────────────────────────────┬──────────────────────────────┐
//        │ n, 64 bit│ JSON, n bytes, perhaps padded    │ data, without gaps           │
//        └──────────┴──────────────────────────────────┴──────────────────────────────┘
//
//   {"__metadata__": {"format": "pt"},
//    "model.norm.weight": {"dtype": "BF16", "shape": [576], "data_offsets": [0, 1152]}, …}
//
// Judged as the library safetensors 0.8 does (safetensors/src/tensor.rs, by serde_json): of a name that occurs twice,
// the last counts; fields nobody knows are passed over; data must cover the file without holes or overlaps, in any
// order. We are stricter where memory is at stake, or where only a test of JSON libraries would go:
//
//   more than 2^18 tensors, as in a GGUF file; more than 64 dimensions
//   a tensor as a JSON array of its fields; a dtype as a JSON object with its name
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ggufscope {

/// The type of a tensor's numbers, by its name in safetensors.
struct Dtype {
  std::string_view name;
  uint32_t bits;
  bool is_decoded;  // as the type of this name in formats/
};

struct SafetensorsTensor {
  std::string name;
  const Dtype* dtype;
  std::vector<uint64_t> shape;  // rows first, columns last
  uint64_t begin;               // bytes of the file
  uint64_t end;
  uint64_t declared_at;  // byte of the file where its entry in the header begins
};

struct SafetensorsHeader {
  std::vector<SafetensorsTensor> tensors;  // in the order of their data
  std::map<std::string, std::string> metadata;
};

/// Bytes of the length and the header, from the first eight of a file. Throws GGUFError where the file ends before
/// them, or the header is over 100 MB. `path` is what error lines show.
uint64_t safetensors_head_size(std::string_view beginning, uint64_t file_size, std::string_view path);

/// `head` holds so many bytes, or more. Throws GGUFError for what is malformed, UnsupportedTypeError for a dtype that
/// is not decoded, std::invalid_argument for too few bytes of the head.
SafetensorsHeader read_safetensors_header(std::string_view head, uint64_t file_size, std::string_view path);

}  // namespace ggufscope
