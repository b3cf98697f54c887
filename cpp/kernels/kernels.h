// The tables that kernel units export. One unit is built per format family × instruction set, and one with the
// statistics per instruction set; dispatch.cpp chooses among them, engine.cpp calls through them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ggufscope {

struct Tile;
struct Values;
struct Histogram;
struct Norms;
struct Scales;
struct Codes;

struct FormatKernels {
  uint32_t type;  // ggml_type
  void (*decode)(const std::byte* blocks, size_t n_blocks, float* out);
  // Block observers; nullptr where the format has no scales or no integer codes.
  void (*observe_scales)(const std::byte* blocks, size_t n_blocks, Scales& scales);
  void (*observe_codes)(const std::byte* blocks, size_t n_blocks, Codes& codes);
};

struct FamilyKernels {
  const FormatKernels* formats;
  size_t n_formats;
};

}  // namespace ggufscope
