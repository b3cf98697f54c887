// What the self-tests share: the same random numbers and the same hashes on every machine.
#pragma once

#include <cstdint>

namespace ggufscope {
namespace {

class Digest {  // FNV-1a, 64 bits; NaN is one value, since its sign and payload differ between instruction sets
 public:
  void add_bits(uint64_t value) {
    for (int i = 0; i < 8; ++i) state_ = (state_ ^ (value >> 8 * i & 0xFFU)) * 0x100000001B3U;
  }
  void add(float x) { add_bits(x != x ? 0x7FC00000U : __builtin_bit_cast(uint32_t, x)); }
  void add(double x) { add_bits(x != x ? 0x7FF8000000000000U : __builtin_bit_cast(uint64_t, x)); }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0xCBF29CE484222325U;
};

class Random {  // splitmix64
 public:
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
  }

 private:
  uint64_t state_ = 1;
};

}  // namespace
}  // namespace ggufscope
