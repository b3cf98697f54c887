// Files of one fuzz input, in a directory that lives as long as the process.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <system_error>

#include "fuzz/require.h"

namespace ggufscope {
namespace {

class Directory {
 public:
  Directory() : path_((std::filesystem::temp_directory_path() / "ggufscope-fuzz-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) fail("a directory for files can be made", path_);
  }
  ~Directory() {
    std::error_code ignored;  // a directory that is left behind breaks nothing
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  /// Its path.
  std::string write(const std::string& name, std::span<const std::byte> bytes) const {
    const std::string path = path_ + "/" + name;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) fail("a file can be written", path);
    return path;
  }

 private:
  std::string path_;
};

inline const Directory& directory() {
  static const Directory one;
  return one;
}

}  // namespace
}  // namespace ggufscope
