// Histogram and code statistics of formats whose sub-blocks have fewer codes than weights, from counts of the codes.
// Sixteen sub-blocks, a group, are worked on at once, one in each lane. 32 codes of four bits are turned into bit
// planes, and for each code three ANDs and a popcount tell how often it occurs. The counters then take sixteen (value,
// count) pairs in place of 32 weights; of codes of two bits, four pairs in place of sixteen. The value is that of
// decode, to the bit.
#pragma once

#include "formats/format.h"
#include "kernels/kernels.h"
#include "kernels/lanes.h"
#include "kernels/squares.h"

namespace ggufscope {
namespace {

// Four planes, and which of 32 codes equal one of the sixteen.
class CodeBits {
 public:
  explicit CodeBits(const NibblePlanes& planes) {
    const I32 ones = broadcast(0xFFFFFFFFU);
    for (int half = 0; half < 2; ++half) {
      const I32 a = planes.of[2 * half];
      const I32 b = planes.of[2 * half + 1];
      of_[half][0] = (a | b) ^ ones;
      of_[half][1] = a & (b ^ ones);
      of_[half][2] = b & (a ^ ones);
      of_[half][3] = a & b;
    }
  }
  I32 operator[](int code) const { return of_[0][code & 3] & of_[1][code >> 2]; }

 private:
  I32 of_[2][4];
};

template <class Format>
concept HasPlanes = requires(const typename Format::Block* group) { Format::planes(group); };
template <class Format>
concept HasFourCodes = IsOfIntegers<Format> && HasCodes<Format> && Format::lowest_code == 0 &&
                       Format::highest_code == 3 && !requires { Format::center; };
template <class Format>
concept IsCounted = HasPlanes<Format> || HasFourCodes<Format>;

// How often each code occurs in the sub-blocks of a group.
template <class Format>
class CodeCounts {
 public:
  static constexpr int kCodes = kLanes;

  explicit CodeCounts(const typename Format::Block* group) : bits_(Format::planes(group)) {}
  I32 operator[](int code) const { return popcount(bits_[code]); }
  static Line line(const Line& of_sub_blocks) { return of_sub_blocks; }  // in the order of these counts

 private:
  CodeBits bits_;
};
template <HasFourCodes Format>
class CodeCounts<Format> {
 public:
  static constexpr int kCodes = 4;

  explicit CodeCounts(const typename Format::Block* group) {
    const I32 ones = broadcast(0x01010101);
    I32 low = broadcast(0);  // bits of codes, added up byte by byte
    I32 high = broadcast(0);
    I32 both = broadcast(0);
    Format::each_quad(group, [&](I32 quad) {
      const I32 first = quad & ones;
      const I32 second = shift_right<1>(quad) & ones;
      low = low + first;
      high = high + second;
      both = both + (first & second);
    });
    const I32 threes = add_bytes(broadcast(0), both);
    of_[3] = threes;
    of_[2] = add_bytes(broadcast(0), high) - threes;
    of_[1] = add_bytes(broadcast(0), low) - threes;
    of_[0] = broadcast(Format::sub_block_elements) - of_[1] - of_[2] - threes;
  }
  I32 operator[](int code) const { return of_[code]; }
  static Line line(const Line& of_sub_blocks) { return in_order_of_quads<Format>(of_sub_blocks); }

 private:
  I32 of_[kCodes];
};

// The weights of one code after the other.
template <class Format>
class ValuesOfCodes {
 public:
  explicit ValuesOfCodes(const Line& line) : step_(line.step), value_(broadcast(0.0F) - line.base) {}

  F32 next(int) {
    const F32 value = value_;
    value_ = value_ + step_;  // nothing rounds
    return value;
  }

 private:
  F32 step_;
  F32 value_;
};
template <HasValues Format>
class ValuesOfCodes<Format> {
 public:
  explicit ValuesOfCodes(const Line& line) : step_(line.step) {}

  F32 next(int code) const {  // + 0 turns −0 into 0
    return broadcast(static_cast<float>(Format::values[code])) * step_ + broadcast(0.0F);
  }

 private:
  F32 step_;
};

template <class Format>
class CountedTables {
  static constexpr int kCodes = CodeCounts<Format>::kCodes;

 public:
  using Feeds = StatisticList<Histogram, Codes>;
  static constexpr bool kWaits = false;

  explicit CountedTables(const Targets& targets)
      : codes_into_(targets.of<Codes>()), histogram_(targets.of<Histogram>()) {}

  void observe(int, const typename Format::Block* group, const Line& line) {
    const CodeCounts<Format> counts(group);
    histogram_.begin_group();
    ValuesOfCodes<Format> values(counts.line(line));  // NOLINT(misc-const-correctness): it adds up steps
#pragma GCC unroll 16
    for (int code = 0; code < kCodes; ++code) {
      const Counted counted{values.next(code), counts[code]};
      histogram_.add(code, counted);
      if constexpr (HasCodes<Format>) codes_.add(code, counted.count);
    }
    squares_.observe(line);
  }
  template <class Visit>
  void each_square(int, const typename Format::Block& block, int b, Visit visit) const {
    squares_.each(block, b, visit);
  }
  void finish() const {
    histogram_.finish();
    if constexpr (HasCodes<Format>) codes_.finish(*codes_into_);
  }

 private:
  CodeCounters* codes_into_;
  CountedHistogram<kCodes> histogram_;
  CountedCodes<kCodes> codes_;
  Squares<Format> squares_;
};

}  // namespace
}  // namespace ggufscope
