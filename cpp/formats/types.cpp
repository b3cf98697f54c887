// The type table, collected from the format structs themselves: sizes come from sizeof, never from a typed list.
#include "formats/types.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "formats/all.h"
#include "kernels/names.h"

namespace ggufscope {
namespace {

template <class Format>
void swap_blocks(std::byte* bytes, size_t n_blocks) {
  auto* blocks = reinterpret_cast<typename Format::Block*>(bytes);
  for (size_t i = 0; i < n_blocks; ++i) Format::swap_bytes(blocks[i]);
}

template <class Format>
TypeInfo info_of() {
  TypeInfo info{};
  info.id = Format::id;
  info.name = Format::name;
  info.elements_per_block = Format::elements;
  info.bytes_per_block = sizeof(typename Format::Block);
  if constexpr (HasScales<Format>) info.scales_per_block = Format::scales_per_block;
  if constexpr (HasCodes<Format>) {
    info.code_bits = Format::code_bits;
    info.lowest_code = Format::lowest_code;
    info.highest_code = Format::highest_code;
  }
  info.half_offsets[0] = info.half_offsets[1] = -1;
  if constexpr (IsOfIntegers<Format>) {
    info.fused = true;
    info.magnitudes = Format::magnitudes;
    using Block = typename Format::Block;
    if constexpr (requires(Block& block) { requires sizeof block.d == sizeof(uint16_t); }) {
      info.half_offsets[0] = offsetof(Block, d);
    }
    if constexpr (requires(Block& block) { requires sizeof block.dmin == sizeof(uint16_t); }) {
      info.half_offsets[1] = offsetof(Block, dmin);
    }
    if constexpr (requires(Block& block) { requires sizeof block.m == sizeof(uint16_t); }) {
      info.half_offsets[1] = offsetof(Block, m);
    }
  }
  if constexpr (HasByteSwap<Format>) info.swap_bytes = swap_blocks<Format>;
  return info;
}

template <class... Format>
void append(std::vector<TypeInfo>& table, FormatList<Format...>) {
  (table.push_back(info_of<Format>()), ...);
}

std::vector<TypeInfo> collect() {
  std::vector<TypeInfo> table;
#define GGUFSCOPE_APPEND(family) append(table, GGUFSCOPE_FORMATS_OF(family){});
  GGUFSCOPE_FAMILIES(GGUFSCOPE_APPEND)
#undef GGUFSCOPE_APPEND
  std::ranges::sort(table, {}, &TypeInfo::id);
  return table;
}

}  // namespace

std::span<const TypeInfo> all_types() {
  static const std::vector<TypeInfo> table = collect();
  return table;
}

const TypeInfo* find_type(uint32_t id) {
  const auto types = all_types();
  const auto found = std::ranges::find(types, id, &TypeInfo::id);
  return found == types.end() ? nullptr : &*found;
}

const TypeInfo* find_ggml_type(uint32_t id) { return id < kCheckpointTypes ? find_type(id) : nullptr; }

const TypeInfo* find_type(std::string_view name) {
  const auto types = all_types();
  const auto found = std::ranges::find_if(types, [&](const TypeInfo& type) { return name == type.name; });
  return found == types.end() ? nullptr : &*found;
}

void require_byte_order(const TypeInfo& type, bool swapped) {
  if (swapped && type.swap_bytes == nullptr) {
    throw std::invalid_argument(std::string(type.name) + " has no big-endian form that can be decoded");
  }
}

}  // namespace ggufscope
