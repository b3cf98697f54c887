// Split models: name-00001-of-00003.gguf, … each a GGUF file of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gguf/file.h"

namespace ggufscope {

/// Opens a file by its name. Throws std::filesystem::filesystem_error with ENOENT when there is none.
using OpenFile = std::function<File(const std::string& path)>;

/// The file at `path` or, when it is a shard, all shards of its model in order. Throws GGUFError when shards are
/// missing, occur twice or belong to different models, and what `open` throws.
std::vector<File> open_shards(const std::string& path, const OpenFile& open);

}  // namespace ggufscope
