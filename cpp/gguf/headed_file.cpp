#include "gguf/headed_file.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "gguf/error.h"

namespace ggufscope {

HeadedFile::HeadedFile(const std::string& path, uint64_t size, std::unique_ptr<const ByteSource> source,
                       uint64_t head_size)
    : InputFile(path), source_(std::move(source)) {
  if (size == 0) throw GGUFError(error_line(path, "the file is empty"));
  set_size(size);
  read_head(std::min(size, head_size));
}

void HeadedFile::extend_head(uint64_t needed) {
  if (needed > kLargestHead) {
    throw GGUFError(error_line(path(), {"header", ""}, head().size(),
                               concat("it goes on to byte ", needed, " at least; headers of files that are not mapped ",
                                      "may have ", uint64_t{kLargestHead}, " bytes")));
  }
  read_head(std::min(size(), std::max<uint64_t>(std::bit_ceil(needed), 2 * head().size())));
}

void HeadedFile::read_head(uint64_t head_size) {
  auto longer = std::make_unique_for_overwrite<std::byte[]>(head_size);
  const uint64_t known = head().size();
  std::ranges::copy(head(), longer.get());
  source_->read(known, longer.get() + known, head_size - known);
  memory_ = std::move(longer);
  set_head({memory_.get(), head_size});
}

void HeadedFile::read(uint64_t offset, std::byte* out, size_t size) const {
  const uint64_t known = offset < head().size() ? std::min<uint64_t>(size, head().size() - offset) : 0;
  std::copy_n(head().data() + (known > 0 ? offset : 0), known, out);
  if (known < size) source_->read(offset + known, out + known, size - known);
}

}  // namespace ggufscope
