#include "safetensors/json.h"

#include <algorithm>
#include <charconv>

namespace ggufscope {
namespace {

constexpr size_t kMostDepth = 127;  // of arrays and objects, as in serde_json

// A float64 is below this times 10^308. serde_json refuses larger numbers, even where nobody reads them.
constexpr std::string_view kLargestDigits = "17976931348623158";
constexpr int64_t kLargestExponent = 308;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_high_surrogate(uint32_t code) { return code >= 0xD800 && code < 0xDC00; }
bool is_low_surrogate(uint32_t code) { return code >= 0xDC00 && code < 0xE000; }

void append_utf8(std::string& text, uint32_t code) {
  const auto byte = [&](uint32_t bits) { text += static_cast<char>(bits); };
  const auto last = [&](int bytes) {
    for (int shift = 6 * (bytes - 1); shift >= 0; shift -= 6) byte(0x80U | (code >> shift & 0x3FU));
  };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0U | code >> 6);
    last(1);
  } else if (code < 0x10000) {
    byte(0xE0U | code >> 12);
    last(2);
  } else {
    byte(0xF0U | code >> 18);
    last(3);
  }
}

// The exponent that a number is written with; one that fits no int64 is as good as infinite.
int64_t written_exponent(std::string_view number) {
  const size_t e = number.find_first_of("eE");
  if (e == std::string_view::npos) return 0;
  const char* begin = number.data() + e + 1;
  if (*begin == '+') ++begin;
  int64_t exponent = 0;
  const bool fits = std::from_chars(begin, number.data() + number.size(), exponent).ec == std::errc{};
  if (!fits) exponent = *begin == '-' ? INT64_MIN : INT64_MAX;
  return std::clamp<int64_t>(exponent, INT32_MIN, INT32_MAX);
}

// By the place of the first digit that is not zero, and the digits from there on.
bool is_beyond_float64(std::string_view number) {
  const std::string_view mantissa = number.substr(0, number.find_first_of("eE"));
  const size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  const auto point = static_cast<int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto place = point - static_cast<int64_t>(first);
  const int64_t exponent = (place > 0 ? place - 1 : place) + written_exponent(number);
  if (exponent != kLargestExponent) return exponent > kLargestExponent;
  std::string digits;
  for (const char c : mantissa.substr(first)) {
    if (c != '.' && digits.size() < kLargestDigits.size()) digits += c;
  }
  return digits >= kLargestDigits;
}

}  // namespace

char JsonReader::peek() {
  at_ = std::min(text_.find_first_not_of(" \n\t\r", at_), text_.size());
  return at_ < text_.size() ? text_[at_] : '\0';
}

uint64_t JsonReader::position() {
  peek();
  return begin_ + at_;
}

bool JsonReader::at_end() {
  peek();
  return at_ == text_.size();
}

bool JsonReader::take(char character) {
  if (at_ == text_.size() || text_[at_] != character) return false;
  ++at_;
  return true;
}

bool JsonReader::take_word(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

void JsonReader::expect(char character, std::string_view where) {
  peek();
  if (!take(character)) fail(concat("expected '", std::string_view(&character, 1), "' ", where));
}

bool JsonReader::next_member(char close, bool first) {
  peek();
  if (take(close)) return false;
  if (!first) {
    if (!take(',')) fail(concat("expected ',' or '", std::string_view(&close, 1), "'"));
    if (peek() == close) fail("a comma without a member behind it");
  }
  return true;
}

std::string JsonReader::key() {
  std::string key = string("a key");
  expect(':', "behind a key");
  return key;
}

std::string JsonReader::string(std::string_view what) {
  peek();
  if (!take('"')) fail(concat("expected ", what, ", which is a string"));
  std::string text;
  while (!take('"')) {
    if (at_ == text_.size()) fail("the header ends inside a string");
    if (static_cast<unsigned char>(text_[at_]) < 0x20) fail("a control character in a string");
    if (take('\\')) {
      append_escaped(text);
    } else {
      text += text_[at_++];
    }
  }
  return text;
}

void JsonReader::append_escaped(std::string& text) {
  if (at_ == text_.size()) fail("the header ends inside a string");
  constexpr std::string_view kWritten = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (const size_t known = kWritten.find(text_[at_]); known != std::string_view::npos) {
    ++at_;
    text += kMeant[known];
    return;
  }
  if (!take('u')) fail("an unknown escape in a string");
  uint32_t code = hexadecimals();
  if (is_low_surrogate(code)) fail("half a surrogate pair");
  if (is_high_surrogate(code)) {
    if (!take_word("\\u")) fail("half a surrogate pair");
    const uint32_t low = hexadecimals();
    if (!is_low_surrogate(low)) fail("half a surrogate pair");
    code = 0x10000U + ((code - 0xD800U) << 10 | (low - 0xDC00U));
  }
  append_utf8(text, code);
}

uint32_t JsonReader::hexadecimals() {
  const std::string_view digits = text_.substr(at_, 4);
  uint32_t code = 0;
  const char* end = digits.data() + digits.size();
  const bool fits = std::from_chars(digits.data(), end, code, 16).ptr == end;
  if (!fits || digits.size() < 4) fail("an escape without its four hexadecimal digits");
  at_ += 4;
  return code;
}

void JsonReader::skip_digits() {
  if (at_ == text_.size() || !is_digit(text_[at_])) fail("a number without digits");
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
}

JsonReader::Number JsonReader::number() {
  const size_t begin = at_;
  bool is_natural = !take('-');
  const size_t first = at_;
  skip_digits();
  if (text_[first] == '0' && at_ > first + 1) fail("a number that begins with 0");
  if (take('.')) {
    is_natural = false;
    skip_digits();
  }
  if (take('e') || take('E')) {
    is_natural = false;
    if (!take('+')) take('-');
    skip_digits();
  }
  const std::string_view text = text_.substr(begin, at_ - begin);
  if (is_beyond_float64(text)) fail_at(begin_ + begin, "a number out of range");
  return {text, is_natural};
}

uint64_t JsonReader::unsigned_integer(std::string_view what) {
  const uint64_t begin = position();
  if (!is_digit(peek()) && peek() != '-') fail(concat("expected ", what, ", which is a number"));
  const auto [digits, is_natural] = number();
  uint64_t value = 0;
  const bool fits = std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc{};
  if (!is_natural || !fits) fail_at(begin, concat("expected ", what, ", which is a whole number of 64 bits"));
  return value;
}

bool JsonReader::take_null() {
  peek();
  return take_word("null");
}

void JsonReader::skip_scalar() {
  const char next = peek();
  if (next == '"') {
    string("a value");
  } else if (next == '-' || is_digit(next)) {
    number();
  } else if (!take_word("null") && !take_word("true") && !take_word("false")) {
    fail("expected a value");
  }
}

void JsonReader::skip_value(size_t depth) {
  std::string closing;  // of the arrays and objects that are open here
  bool first = false;
  do {
    if (!closing.empty() && !next_member(closing.back(), first)) {
      closing.pop_back();
      first = false;
      continue;
    }
    if (!closing.empty() && closing.back() == '}') key();
    const char next = peek();
    first = next == '{' || next == '[';
    if (!first) {
      skip_scalar();
      continue;
    }
    if (depth + closing.size() == kMostDepth) fail("arrays and objects are nested too deeply");
    ++at_;
    closing += next == '{' ? '}' : ']';
  } while (!closing.empty());
}

}  // namespace ggufscope
