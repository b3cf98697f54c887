// Reads JSON piece by piece, as its caller asks for it: no tree is built, nothing is recursive, and every failure says
// at which byte of the file. It accepts what serde_json accepts, by which the library safetensors reads headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gguf/error.h"

namespace ggufscope {

class JsonReader {
 public:
  /// `text` is UTF-8 and lies in `file` from byte `begin` on; both must outlive the reader.
  JsonReader(std::string_view text, std::string_view file, uint64_t begin) : text_(text), file_(file), begin_(begin) {}

  /// What errors are about from here on. The name must outlive its use.
  void set_subject(Subject subject) { subject_ = subject; }

  /// The next character that is no whitespace, which stays; '\0' at the end.
  char peek();
  /// Byte of the file where that is.
  uint64_t position();
  bool at_end();

  /// Takes this character. `where` completes "expected '{' …".
  void expect(char character, std::string_view where);
  /// Takes what is before a member: nothing before the first one, a comma before the others. False where `close` is,
  /// which is taken.
  bool next_member(char close, bool first);
  /// The key of a member, and the colon behind it.
  std::string key();

  /// `what` completes "expected …".
  std::string string(std::string_view what);
  uint64_t unsigned_integer(std::string_view what);
  /// Takes `null`, if it is next.
  bool take_null();
  /// Takes any value, which lies inside so many arrays and objects.
  void skip_value(size_t depth);

  [[noreturn]] void fail(std::string_view message) const { fail_at(begin_ + at_, message); }
  [[noreturn]] void fail_at(uint64_t position, std::string_view message) const {
    throw GGUFError(error_line(file_, subject_, position, message));
  }

 private:
  struct Number {
    std::string_view text;
    bool is_natural;  // digits alone
  };

  bool take(char character);
  bool take_word(std::string_view word);
  Number number();
  void skip_digits();
  void append_escaped(std::string& text);
  uint32_t hexadecimals();
  void skip_scalar();

  std::string_view text_;
  std::string_view file_;
  uint64_t begin_;
  size_t at_ = 0;
  Subject subject_{"header", ""};
};

}  // namespace ggufscope
