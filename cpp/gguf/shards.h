// Split models: name-00001-of-00003.gguf, … each a GGUF file of its own.
#pragma once

#include <string>
#include <vector>

#include "gguf/file.h"

namespace ggufscope {

/// The file at `path` or, when it is a shard, all shards of its model in order. Throws GGUFError when shards are
/// missing, occur twice or belong to different models.
std::vector<File> open_shards(const std::string& path);

}  // namespace ggufscope
