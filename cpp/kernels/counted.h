// Histogram and code statistics of formats whose sub-blocks are 32 codes of four bits on a line, from counts of the
// codes. Sixteen sub-blocks, a group, are worked on at once, one in each lane: their codes are turned into bit planes,
// and for each code three ANDs and a popcount tell how often it occurs. The counters then take sixteen (value, count)
// pairs in place of 32 weights. The value is that of decode, to the bit.
#pragma once

#include "formats/format.h"
#include "kernels/kernels.h"
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
concept IsCounted = requires(const typename Format::Block* group) { Format::planes(group); };

template <class Format>
class CountedTables {
 public:
  using Feeds = StatisticList<Histogram, Codes>;

  explicit CountedTables(const Targets& targets)
      : codes_into_(targets.of<Codes>()), histogram_(targets.of<Histogram>()) {}

  void observe(const typename Format::Block* group, const Line& line) {
    const CodeBits bits(Format::planes(group));
    histogram_.begin_group();
    F32 value = broadcast(0.0F) - line.base;
#pragma GCC unroll 16
    for (int code = 0; code < kLanes; ++code) {
      const Counted counted{value, popcount(bits[code])};
      histogram_.add(code, counted);
      codes_.add(code, counted.count);
      value = value + line.step;  // nothing rounds
    }
    squares_.observe(line);
  }
  template <class Visit>
  void each_square(const typename Format::Block& block, int b, Visit visit) const {
    squares_.each(block, b, visit);
  }
  void finish() const {
    histogram_.finish();
    codes_.finish(*codes_into_);
  }

 private:
  CodeCounters* codes_into_;
  CountedHistogram histogram_;
  CountedCodes codes_;
  Squares<Format> squares_;
};

}  // namespace
}  // namespace ggufscope
