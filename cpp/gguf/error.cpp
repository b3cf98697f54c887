#include "gguf/error.h"

#include <algorithm>
#include <cstddef>

namespace ggufscope {
namespace {

constexpr size_t kLongestText = 1024;  // bytes of a name, key or path that a message repeats

struct Character {
  uint32_t code;
  size_t length;  // 0: not UTF-8
};

// Decodes the character at the start of `text`. The ranges of the second byte exclude overlong forms, surrogates and
// values above U+10FFFF (Unicode 15, table 3-7).
Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return {lead, 0};
  const uint32_t lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint32_t highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < lowest || byte(1) > highest) return {lead, 0};
  uint32_t code = lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {lead, 0};
    code = code << 6 | (byte(i) & 0x3F);
  }
  return {code, length};
}

struct CodeRange {
  uint32_t first;
  uint32_t last;
};

// Control characters, those that break a line, and those that format text without being seen (direction marks, zero
// widths, tags): Unicode's categories Cc, Zl, Zp and Cf.
constexpr CodeRange kDisturbing[] = {
    {0x0000, 0x001F},   {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x0600, 0x0605},   {0x061C, 0x061C},
    {0x06DD, 0x06DD},   {0x070F, 0x070F},   {0x0890, 0x0891},   {0x08E2, 0x08E2},   {0x180E, 0x180E},
    {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x2064},   {0x2066, 0x206F},   {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0001, 0xE0001}, {0xE0020, 0xE007F},
};

bool disturbs_a_line(uint32_t code) {
  return std::ranges::any_of(kDisturbing,
                             [code](CodeRange range) { return range.first <= code && code <= range.last; });
}

std::string hexadecimal(std::string_view prefix, uint32_t code, int digits) {
  std::string text(prefix);
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += "0123456789abcdef"[code >> shift & 0xF];
  return text;
}

}  // namespace

size_t valid_utf8(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t length = first_character(rest).length;
    if (length == 0) break;
    rest.remove_prefix(length);
  }
  return text.size() - rest.size();
}

bool is_utf8(std::string_view text) { return valid_utf8(text) == text.size(); }

std::string escaped(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    if (line.size() >= kLongestText) return line + "…";
    const Character next = first_character(text);
    if (next.length == 0) {
      line += hexadecimal("\\x", next.code, 2);
    } else if (disturbs_a_line(next.code)) {
      line += next.code < 0x100     ? hexadecimal("\\x", next.code, 2)
              : next.code < 0x10000 ? hexadecimal("\\u", next.code, 4)
                                    : hexadecimal("\\U", next.code, 8);
    } else {
      line += text.substr(0, next.length);
    }
    text.remove_prefix(next.length == 0 ? 1 : next.length);
  }
  return line;
}

std::string error_line(std::string_view path, std::string_view message) { return concat(escaped(path), ": ", message); }

std::string error_line(std::string_view path, Subject subject, uint64_t offset, std::string_view message) {
  const std::string name = subject.name.empty() ? "" : concat(" '", escaped(subject.name), "'");
  return error_line(path, concat(subject.kind, name, ", byte ", offset, ": ", message));
}

}  // namespace ggufscope
