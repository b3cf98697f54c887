// The tensors of a GGUF file: what each is, and where its data lies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/types.h"
#include "gguf/cursor.h"
#include "state/members.h"

namespace ggufscope {

struct TensorInfo {
  std::string name;
  const TypeInfo* type;
  std::vector<uint64_t> shape;  // NumPy order: rows first, columns (ne0) last; empty for a scalar
  uint64_t n_elements;
  uint64_t n_bytes;
  uint32_t file;    // index into Model::files
  uint64_t offset;  // of the first data byte, from the start of that file

  using Members = MemberList<&TensorInfo::name, &TensorInfo::type, &TensorInfo::shape, &TensorInfo::n_elements,
                             &TensorInfo::n_bytes, &TensorInfo::file, &TensorInfo::offset>;
  bool is_sound() const { return type != nullptr; }
};

/// Types that a table may name: ids of files that are composed may be of formats that ggml does not have.
enum class TypesOf { ggml, any };

/// Reads `count` rows of the table; the cursor ends behind them. Offsets are from the start of the data section still,
/// and the file is number 0.
std::vector<TensorInfo> read_tensor_table(Cursor& cursor, uint64_t count, uint64_t alignment, TypesOf types);

/// Turns offsets into positions in the file, where the data section starts at `data_start`, and checks that every
/// tensor lies inside the file and no two overlap.
void place_tensors(std::vector<TensorInfo>& tensors, const InputFile& file, uint64_t data_start, uint64_t alignment);

}  // namespace ggufscope
