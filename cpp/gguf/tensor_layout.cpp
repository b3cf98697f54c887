// Where the data of tensors lies.
//
//        header, metadata, table │ padding │ data section, whole in the file
//                                          ├── tensor ──┤ padding ├── tensor ──┤ …
//                                          └ data_start, a multiple of the alignment
//
// ggml writes tensors in table order without gaps; other writers do not, so any order and any gap is accepted, and so
// are bytes behind the last tensor.
#include <algorithm>
#include <numeric>

#include "gguf/tensor_table.h"

namespace ggufscope {
namespace {

constexpr uint64_t kPlausibleSize = uint64_t{1} << 50;  // of a model

uint64_t saturating_add(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

uint64_t padded(uint64_t size, uint64_t alignment) { return saturating_add(size, alignment - 1) & ~(alignment - 1); }

[[noreturn]] void fail(const InputFile& file, const TensorInfo& tensor, std::string_view message) {
  throw GGUFError(error_line(file.path(), {"tensor", tensor.name}, tensor.offset, message));
}

// Ids that were taken by forks of ggml before ggml gave them to types of its own.
bool has_rival_layouts(const TypeInfo& type) { return type.id >= 40 && type.id <= 42; }

std::string rival_hint(const TypeInfo& type) {
  if (!has_rival_layouts(type)) return "";
  return concat("; some forks of ggml use type ", type_label(type.id), ", id ", type.id, ", for another layout");
}

// A file that would be complete if it went on is a broken download; anything else is a broken table.
void require_inside(const std::vector<TensorInfo>& tensors, const InputFile& file, uint64_t data_start,
                    uint64_t alignment) {
  const TensorInfo* first_outside = nullptr;
  uint64_t end = 0;
  uint64_t written_by_ggml = data_start;
  for (const TensorInfo& tensor : tensors) {
    const uint64_t tensor_end = saturating_add(tensor.offset, tensor.n_bytes);
    const bool outside = tensor_end > std::max(file.size(), tensor.n_bytes == 0 ? data_start : 0);
    if (outside && (first_outside == nullptr || tensor.offset < first_outside->offset)) first_outside = &tensor;
    end = std::max(end, tensor_end);
    written_by_ggml = saturating_add(written_by_ggml, padded(tensor.n_bytes, alignment));
  }
  if (first_outside == nullptr) return;
  const bool truncated = end <= written_by_ggml && end < kPlausibleSize && !has_rival_layouts(*first_outside->type);
  if (!truncated) {
    fail(file, *first_outside,
         concat("its ", first_outside->n_bytes, " bytes lie beyond the end of the file at ", file.size(),
                rival_hint(*first_outside->type)));
  }
  fail(file, *first_outside,
       concat("its data is cut off: the file has ", file.size(), " bytes, its tensors need ", end, "; ",
              end - file.size(), " bytes are missing, as after an incomplete download"));
}

// A tensor of a type with rival layouts must reach to the next one, which starts at `next`: a gap would be the rest of
// a larger layout. Behind the last tensor, anything may follow.
void require_fitting_gap(const InputFile& file, const TensorInfo& tensor, uint64_t next, uint64_t alignment) {
  const uint64_t end = tensor.offset + tensor.n_bytes;  // inside the file, as checked before
  if (!has_rival_layouts(*tensor.type) || next <= padded(end, alignment)) return;
  throw UnsupportedTypeError(error_line(file.path(), {"tensor", tensor.name}, tensor.offset,
                                        concat("its ", tensor.n_bytes, " bytes do not fit the ", next - tensor.offset,
                                               " before what follows", rival_hint(*tensor.type))));
}

void require_apart(const std::vector<TensorInfo>& tensors, const InputFile& file, uint64_t alignment) {
  std::vector<const TensorInfo*> by_offset;
  for (const TensorInfo& tensor : tensors) {
    if (tensor.n_bytes > 0) by_offset.push_back(&tensor);
  }
  std::ranges::stable_sort(by_offset, {}, &TensorInfo::offset);
  for (size_t i = 1; i < by_offset.size(); ++i) {
    const TensorInfo& tensor = *by_offset[i - 1];
    const TensorInfo& next = *by_offset[i];
    if (tensor.offset + tensor.n_bytes > next.offset) {
      fail(file, tensor,
           concat("overlaps tensor '", escaped(next.name), "' at byte ", next.offset, rival_hint(*tensor.type)));
    }
    require_fitting_gap(file, tensor, next.offset, alignment);
  }
}

}  // namespace

void place_tensors(std::vector<TensorInfo>& tensors, const InputFile& file, uint64_t data_start, uint64_t alignment) {
  for (TensorInfo& tensor : tensors) tensor.offset = saturating_add(data_start, tensor.offset);
  require_inside(tensors, file, data_start, alignment);
  require_apart(tensors, file, alignment);
}

}  // namespace ggufscope
