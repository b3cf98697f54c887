// The codes of a format's blocks, counted as its kind of codes allows.
#pragma once

#include "formats/format.h"
#include "statistics/codes.h"

namespace ggufscope {
namespace {

template <class Format>
concept HasPairs =
    Format::code_bits == 8 && Format::lowest_code >= 0 && Format::highest_code < 64 && Format::packed_bytes % 32 == 0;

template <class Format>
class CodeTables {
 public:
  void add(const typename Format::Block& block, CodeCounters& codes) {
    alignas(64) uint8_t scratch[Format::packed_bytes];
    ggufscope::observe(codes, Format::packed_codes(block, scratch), Format::packed_bytes);
  }
  void finish(CodeCounters&) const {}
};

template <HasPairs Format>
class CodeTables<Format> {
 public:
  void add(const typename Format::Block& block, CodeCounters& codes) {
    alignas(64) uint8_t scratch[Format::packed_bytes];
    paired_.add(Format::packed_codes(block, scratch), codes);
  }
  void finish(CodeCounters& codes) const { paired_.count_waiting(codes); }

 private:
  PairedCodes<Format::packed_bytes> paired_;
};

}  // namespace
}  // namespace ggufscope
