// The bytes of a fuzz input as a target takes them, one behind the other; behind the end there are zeros.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ggufscope {
namespace {

using Bytes = std::vector<std::byte>;

class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(reinterpret_cast<const std::byte*>(data), size) {}

  uint8_t byte() {
    const auto taken = take(1);
    return taken.empty() ? 0 : std::to_integer<uint8_t>(taken[0]);
  }
  /// Two bytes, the lower one first.
  uint16_t word() {
    const unsigned low = byte();
    return static_cast<uint16_t>(low | byte() << 8U);
  }
  bool is_empty() const { return bytes_.empty(); }

  /// The next bytes, or as many as there are.
  std::span<const std::byte> take(size_t size) {
    const auto taken = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  std::span<const std::byte> rest() { return take(bytes_.size()); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace
}  // namespace ggufscope
