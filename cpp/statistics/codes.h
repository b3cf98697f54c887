// How the integer codes of a quantized tensor are used: saturation and entropy.
//
// Kernels count whole bytes of packed codes, one increment for two 4-bit codes; a byte is taken apart into its
// codes only once, at the end. Where the histogram of the values counts codes anyway, those counts are used.
#pragma once

#include <cstring>

#include "formats/types.h"
#include "statistics/logarithm.h"
#include "statistics/statistic.h"
#include "statistics/tile.h"

#if defined(GGUFSCOPE_KERNEL_UNIT)
#include "formats/format.h"
#endif

namespace ggufscope {

struct CodeCounters {
  static constexpr int kWays = 4;  // neighbours count in different tables, so that equal codes do not wait
  uint32_t bytes[kWays][256];
  uint32_t pairs[64 * 64];  // of neighbours, where codes have six bits or less: half as many increments
  uint64_t codes[16];       // unpacked ones, already counted
};

struct Codes {
  uint64_t counts[256] = {};       // by stored code
  const TypeInfo* type = nullptr;  // nullptr: no codes seen
  bool mixed = false;              // codes of different types share no histogram

  using Members = MemberList<&Codes::counts, &Codes::type, &Codes::mixed>;
  static constexpr Lifetime kLifetime = Lifetime::Worker;
  using Target = CodeCounters;
  static constexpr bool kFast = false;
  static constexpr FieldInfo kFields[] = {
      {"code_saturation", "share", "share of codes at either end of their range"},
      {"code_entropy", "number", "Shannon entropy of the codes in bits"},
  };

  /// Takes over what a kernel counted and clears it.
  void absorb(CodeCounters& counters, const TypeInfo& of) {
    if (of.code_bits == 0) return;
    type = &of;
    const uint32_t mask = (1U << of.code_bits) - 1U;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint64_t n = 0;
      for (const auto& table : counters.bytes) n += table[byte];
      for (uint32_t shift = 0; shift < 8; shift += of.code_bits) counts[byte >> shift & mask] += n;
    }
    for (int code = 0; code < 16; ++code) counts[code] += counters.codes[code];
    if (of.code_bits == 8) absorb_pairs(counters);
    std::memset(&counters.bytes, 0, sizeof counters.bytes);
    std::memset(&counters.codes, 0, sizeof counters.codes);
  }

  void merge(const Codes& later) {
    if (later.type == nullptr) return;
    mixed = mixed || later.mixed || (type != nullptr && type != later.type);
    type = later.type;
    for (int code = 0; code < 256; ++code) counts[code] += later.counts[code];
  }

  template <class All>
  void write(const All&, Fields& out) const {
    if (type == nullptr) return;
    if (mixed) {
      out.set("code_saturation", std::monostate{});
      out.set("code_entropy", std::monostate{});
      return;
    }
    uint64_t total = 0;
    uint64_t ends = 0;
    for (int stored = 0; stored < 256; ++stored) {
      total += counts[stored];
      const int code = type->lowest_code < 0 ? static_cast<int8_t>(stored) : stored;
      if (code <= type->lowest_code || code >= type->highest_code) ends += counts[stored];
    }
    double entropy = 0;
    for (const uint64_t n : counts) {
      const double p = static_cast<double>(n) / static_cast<double>(total);
      if (n > 0) entropy -= p * log2(p);
    }
    out.share("code_saturation", ends, total);
    out.number("code_entropy", entropy);
  }

 private:
  void absorb_pairs(CodeCounters& counters) {
    for (int pair = 0; pair < 64 * 64; ++pair) {
      counts[pair % 64] += counters.pairs[pair];
      counts[pair / 64] += counters.pairs[pair];
    }
    std::memset(&counters.pairs, 0, sizeof counters.pairs);
  }
};

#if defined(GGUFSCOPE_KERNEL_UNIT)
namespace {

inline void count_bytes(CodeCounters& counters, const uint8_t* bytes, size_t n) {
  static_assert(CodeCounters::kWays == 4);
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    ++counters.bytes[0][bytes[i]];
    ++counters.bytes[1][bytes[i + 1]];
    ++counters.bytes[2][bytes[i + 2]];
    ++counters.bytes[3][bytes[i + 3]];
  }
  for (; i < n; ++i) ++counters.bytes[0][bytes[i]];
}

// Blocks of codes below 64, a byte each. As with the histogram's slots, what was stored for one block is counted while
// the next is worked on.
template <int Codes>
class PairedCodes {
 public:
  void add(const uint8_t* codes, CodeCounters& counters) {
    count_waiting(counters);
    if constexpr (Codes == 32) {
      store_u16(pairs_[current_], packed(load_u16(codes)));
    } else {
      for (int i = 0; i < Codes; i += 64) store_i32(pairs_[current_] + i / 2, packed(load_i32(codes + i)));
    }
    current_ = 1 - current_;
    waiting_ = true;
  }
  void count_waiting(CodeCounters& counters) const {
    if (!waiting_) return;
    for (int i = 0; i < Codes / 2; i += 4) {
      const auto four = read<uint64_t>(pairs_[1 - current_] + i);
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) ++counters.pairs[four >> 16 * k & 0xFFFFU];
    }
  }

 private:
  static_assert(Codes == 32 || Codes % 64 == 0);

  static I32 packed(I32 x) { return (x & broadcast(0x003F003F)) | (shift_right<2>(x) & broadcast(0x0FC00FC0)); }

  alignas(64) uint16_t pairs_[2][Codes / 2];
  int current_ = 0;
  bool waiting_ = false;
};

// Of codes that are counted: lane by lane, added up at the end.
template <int Codes>
class CountedCodes {
 public:
  void add(int code, I32 count) { store_i32(totals_[code], load_i32(totals_[code]) + count); }
  void finish(CodeCounters& counters) const {
    for (int code = 0; code < Codes; ++code) counters.codes[code] += sum(load_i32(totals_[code]));
  }

 private:
  alignas(64) uint32_t totals_[Codes][kLanes] = {};
};

template <class Format>
concept HasPairs =
    Format::code_bits == 8 && Format::lowest_code >= 0 && Format::highest_code < 64 && Format::packed_bytes % 32 == 0;

template <HasCodes Format>
class SummingBlocks<Codes, Format> {
 public:
  explicit SummingBlocks(CodeCounters* into) : into_(into) {}

  void add_block(const typename Format::Block& block) {
    alignas(64) uint8_t scratch[Format::packed_bytes];
    count_bytes(*into_, Format::packed_codes(block, scratch), Format::packed_bytes);
  }
  void finish() const {}

 private:
  CodeCounters* into_;
};

template <HasCodes Format>
  requires HasPairs<Format>
class SummingBlocks<Codes, Format> {
 public:
  explicit SummingBlocks(CodeCounters* into) : into_(into) {}

  void add_block(const typename Format::Block& block) {
    alignas(64) uint8_t scratch[Format::packed_bytes];
    paired_.add(Format::packed_codes(block, scratch), *into_);
  }
  void finish() const { paired_.count_waiting(*into_); }

 private:
  CodeCounters* into_;
  PairedCodes<Format::packed_bytes> paired_;
};

}  // namespace
#endif
}  // namespace ggufscope
