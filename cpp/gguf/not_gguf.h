// Says what a file is that is not GGUF: people rename downloads, and servers send something else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ggufscope {

/// `head`: the file's first bytes, up to 4096; `size`: of the whole file. One sentence for an error message.
std::string describe_foreign_file(std::string_view head, uint64_t size);

}  // namespace ggufscope
