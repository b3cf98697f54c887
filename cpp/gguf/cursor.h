// Reads numbers and strings from the head of a file. Every read is checked against the bytes that remain, and every
// failure says where it happened.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string_view>

#include "gguf/error.h"
#include "gguf/input_file.h"

namespace ggufscope {

static_assert(std::endian::native == std::endian::little, "values are read as little-endian, or swapped");

enum class ByteOrder { little, big };

template <class Number>
Number byte_swapped(Number value) {
  auto bytes = std::bit_cast<std::array<std::byte, sizeof(Number)>>(value);
  std::ranges::reverse(bytes);
  return std::bit_cast<Number>(bytes);
}

/// The file has the bytes that were asked for, but they do not lie in memory: its head should be `needed` bytes long,
/// or more.
struct ShortHead : std::exception {
  explicit ShortHead(uint64_t bytes) : needed(bytes) {}
  const char* what() const noexcept override { return "the bytes lie behind the head of the file"; }

  uint64_t needed;
};

class Cursor {
 public:
  /// `position` lies in the head.
  Cursor(const InputFile& file, ByteOrder order, uint64_t position, Subject subject)
      : file_(&file), order_(order), position_(position), subject_(subject) {}

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return file_->size() - position_; }
  ByteOrder order() const { return order_; }
  const InputFile& file() const { return *file_; }

  /// What errors are about from here on. The name must outlive its use: a part of the file itself will do.
  void set_subject(Subject subject) { subject_ = subject; }

  /// `what` completes "the file ends inside …".
  template <class Number>
  Number read(std::string_view what) {
    Number value;
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return order_ == ByteOrder::big ? byte_swapped(value) : value;
  }

  /// The next `size` bytes, in the file itself. Throws ShortHead where only the file has them.
  std::string_view take(uint64_t size, std::string_view what) {
    const auto head = file_->head();
    if (size > head.size() - position_) fail_short(size, what);
    const auto* begin = reinterpret_cast<const char*>(head.data()) + position_;
    position_ += size;
    return {begin, size};
  }

  /// A string: its length in 64 bits, then its bytes.
  std::string_view take_string(std::string_view what) { return take(read<uint64_t>(what), what); }

  /// Checks a declared number of `things` of at least `smallest` bytes each, before any is read or allocated.
  void require_count(uint64_t count, uint64_t smallest, uint64_t most, uint64_t declared_at,
                     std::string_view things) const {
    if (count > remaining() / smallest) {
      fail_at(declared_at, concat("the file claims ", count, " ", things, ", the ", remaining(), " bytes left hold ",
                                  remaining() / smallest, " at most"));
    }
    if (count > most) fail_at(declared_at, concat("the file claims ", count, " ", things, ", the limit is ", most));
  }

  template <class Error = GGUFError>
  [[noreturn]] void fail(std::string_view message) const {
    fail_at<Error>(position_, message);
  }
  template <class Error = GGUFError>
  [[noreturn]] void fail_at(uint64_t offset, std::string_view message) const {
    throw Error(error_line(file_->path(), subject_, offset, message));
  }

 private:
  [[noreturn]] void fail_short(uint64_t size, std::string_view what) const {
    if (size <= remaining()) throw ShortHead(position_ + size);
    fail(concat("the file ends inside ", what, ": ", size, " bytes needed, ", remaining(), " left"));
  }

  const InputFile* file_;
  ByteOrder order_;
  uint64_t position_;  // ≤ file_->head().size()
  Subject subject_;
};

}  // namespace ggufscope
