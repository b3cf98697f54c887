// The ggml tensor types as data: what the rest of the program may know of a format without decoding it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ggufscope {

/// Of weights that are neither zero nor Inf nor NaN: from 2^least on, below 2^below.
struct Magnitudes {
  int least;
  int below;
};

/// Ids from here on are this program's own, of numbers that safetensors files have and ggml has not. ggml_type is an
/// int, and so will not come to them. Saved values hold them: an id keeps its meaning.
inline constexpr uint32_t kCheckpointTypes = 0x80000000U;

struct TypeInfo {
  uint32_t id;       // ggml_type, or one of kCheckpointTypes
  const char* name;  // as ggml spells it, or safetensors
  uint32_t elements_per_block;
  uint32_t bytes_per_block;
  uint32_t scales_per_block;  // 0: no block scales
  uint32_t code_bits;         // 0: no integer codes
  int32_t lowest_code;        // codes at or beyond these ends are saturated; negative: stored as two's complement
  int32_t highest_code;
  bool fused;               // observed through sums of integers, without being decoded (kernels/fused.h)
  Magnitudes magnitudes;    // where fused
  int32_t half_offsets[2];  // bytes of a block where its numbers d and dmin or m, of half precision, begin; −1: none
  void (*swap_bytes)(std::byte* blocks, size_t n_blocks);  // nullptr: not read from big-endian files

  /// Whether GGUF files may have it.
  bool is_of_ggml() const { return id < kCheckpointTypes; }
};

/// All types this build decodes, by ascending id.
std::span<const TypeInfo> all_types();

/// nullptr for an id that is not decoded; `type_label` then says what it is.
const TypeInfo* find_type(uint32_t id);
/// The same, and nullptr for what is not a type of ggml.
const TypeInfo* find_ggml_type(uint32_t id);
const TypeInfo* find_type(std::string_view name);

/// "Q4_0", or for ids we refuse in GGUF files "4 (Q4_2, removed from ggml)", "139 (IQ4_K, a type of ik_llama.cpp)", "77
/// (unknown)".
std::string type_label(uint32_t id);

/// Whether somebody is known to use this id in GGUF files: false only where `type_label` says "unknown".
bool is_named_type(uint32_t id);

/// Throws std::invalid_argument for blocks of a big-endian file that have no form to be decoded from.
void require_byte_order(const TypeInfo& type, bool swapped);

}  // namespace ggufscope
