#include "gguf/not_gguf.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "gguf/error.h"

namespace ggufscope {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view bytes;  // at the start of the file
  std::string_view meaning;
};

constexpr Signature kSignatures[] = {
    {"lmgg"sv, "a GGML file from before GGUF; convert it with llama.cpp's convert_llama_ggml_to_gguf.py"},
    {"fmgg"sv, "a GGMF file from before GGUF; convert it with llama.cpp's convert_llama_ggml_to_gguf.py"},
    {"tjgg"sv, "a GGJT file from before GGUF; convert it with llama.cpp's convert_llama_ggml_to_gguf.py"},
    {"algg"sv, "a GGLA adapter from before GGUF; convert it again from its original"},
    {"PK\x03\x04"sv, "a ZIP archive, such as a PyTorch checkpoint; convert the model to GGUF first"},
    {"\x80\x02"sv, "a Python pickle, such as an old PyTorch checkpoint; convert the model to GGUF first"},
    {"\x1f\x8b"sv, "compressed (gzip); unpack it first"},
    {"\x28\xb5\x2f\xfd"sv, "compressed (zstd); unpack it first"},
    {"\xfd"
     "7zXZ\0"sv,
     "compressed (xz); unpack it first"},
    {"BZh"sv, "compressed (bzip2); unpack it first"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive; unpack it first"},
    {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file, such as a Keras model"},
    {"\x7f"
     "ELF"sv,
     "a program (ELF)"},
};

constexpr std::string_view kWhitespace = " \t\r\n";

// A safetensors file: the length of a JSON header in 64 bits, then that header.
bool is_safetensors(std::string_view head, uint64_t size) {
  uint64_t header = 0;
  if (head.size() < 10) return false;
  std::memcpy(&header, head.data(), sizeof header);
  const std::string_view json = head.substr(8);
  const size_t brace = json.find_first_not_of(kWhitespace);
  if (header < 2 || header > size - 8 || brace == std::string_view::npos || json[brace] != '{') return false;
  const size_t next = json.find_first_not_of(kWhitespace, brace + 1);
  return next == std::string_view::npos || json[next] == '"' || json[next] == '}';
}

std::string lower_start(std::string_view head) {
  const size_t first = std::min(head.find_first_not_of("\xEF\xBB\xBF \t\r\n"), head.size());
  std::string start(head.substr(first, 64));
  std::ranges::transform(start, start.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return start;
}

// A pointer file is three lines: version, oid, size.
std::string describe_lfs_pointer(std::string_view head) {
  const size_t at = head.find("\nsize ");
  std::string size;
  if (at != std::string_view::npos) {
    const std::string_view rest = head.substr(at + 6);
    size = rest.substr(0, std::min<size_t>(rest.find_first_not_of("0123456789"), 20));
  }
  return concat("a Git LFS pointer, not the model itself", size.empty() ? "" : concat(" (", size, " bytes)"),
                "; fetch that with 'git lfs pull'");
}

}  // namespace

std::string describe_foreign_file(std::string_view head, uint64_t size) {
  const auto not_gguf = [](std::string_view meaning) { return concat("not a GGUF file but ", meaning); };
  if (std::ranges::all_of(head, [](char c) { return c == '\0'; })) {
    return concat("not a GGUF file: its first ", head.size(), " bytes are zeros, as of a download that never arrived");
  }
  for (const Signature& signature : kSignatures) {
    if (head.starts_with(signature.bytes)) return not_gguf(signature.meaning);
  }
  if (head.starts_with("version https://git-lfs")) return not_gguf(describe_lfs_pointer(head));
  if (is_safetensors(head, size)) return not_gguf("safetensors; name it so that it ends in .safetensors");
  const std::string start = lower_start(head);
  for (const std::string_view opening : {"<!doctype html", "<html", "<head", "<body", "<script"}) {
    if (start.starts_with(opening)) return not_gguf("a web page (HTML): the address gave a page, not the model");
  }
  if (start.starts_with('<')) return not_gguf("XML text, perhaps a server's error message");
  if (start.starts_with('{') || start.starts_with('[')) return not_gguf("JSON text, perhaps a server's error message");
  return concat("not a GGUF file: it starts with '", escaped(head.substr(0, 4)), "' instead of 'GGUF'");
}

}  // namespace ggufscope
