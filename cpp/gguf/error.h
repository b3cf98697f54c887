// What is wrong with a file, in one line: which file, which tensor or key, at which byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ggufscope {

/// A malformed or unusable file.
class GGUFError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A tensor type that is known by name but not decoded here.
class UnsupportedTypeError : public GGUFError {
 public:
  using GGUFError::GGUFError;
};

/// The part of a file an error is about: {"tensor", "blk.0.attn_v.weight"}, {"header", ""}.
struct Subject {
  std::string_view kind;
  std::string_view name;
};

/// "model.gguf: tensor 'blk.0.attn_v.weight', byte 1234: message"; text from the file is escaped.
std::string error_line(std::string_view path, Subject subject, uint64_t offset, std::string_view message);

/// The same about a file as a whole: "model.gguf: message".
std::string error_line(std::string_view path, std::string_view message);

/// True for well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// Bytes before the first that is not.
size_t valid_utf8(std::string_view text);

/// `text` for one line of a message: control characters, characters that format or break a line, and bytes that are
/// not UTF-8 become \xNN, \uNNNN or \UNNNNNNNN; long text is cut.
std::string escaped(std::string_view text);

inline std::string_view as_text(std::string_view text) { return text; }
inline std::string as_text(uint64_t number) { return std::to_string(number); }

/// Joins strings and unsigned numbers.
template <class... Part>
std::string concat(const Part&... parts) {
  std::string joined;
  (joined.append(as_text(parts)), ...);
  return joined;
}

}  // namespace ggufscope
