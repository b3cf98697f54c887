#include "statistics/histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace ggufscope {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

// The smallest magnitude of bin `index`; of the one after the last, Inf.
double edge(int64_t index) {
  return static_cast<double>(__builtin_bit_cast(float, static_cast<uint32_t>(index) << kBinShift));
}

constexpr uint32_t kOctave = 32;  // bins

using OctaveCounts = uint32_t[kOctave][HistogramCounters::kWays];

OctaveCounts& octave_at(HistogramCounters& counters, uint32_t first_bin) {
  return *reinterpret_cast<OctaveCounts*>(counters.count + first_bin * HistogramCounters::kWays);
}

// Most are: values lie within some twenty of 512.
bool is_empty(const OctaveCounts& counts) {
  uint32_t any = 0;
  for (const auto& ways : counts) {
    for (const uint32_t n : ways) any |= n;
  }
  return any == 0;
}

int64_t magnitude_index(int32_t key) { return key < 0 ? -1 - key : key; }

// The bin edge nearest to a magnitude, the lower one of two equally near; never Inf.
int64_t nearest_edge(double magnitude) {
  const float narrow = static_cast<float>(std::fmin(magnitude, std::numeric_limits<float>::max()));
  int64_t below = __builtin_bit_cast(uint32_t, narrow) >> kBinShift;
  if (edge(below) > magnitude) --below;  // the conversion to float32 had rounded up
  return magnitude - edge(below) <= edge(below + 1) - magnitude ? below : below + 1;
}

// A threshold that lies on a bin edge. Values equal to it belong to the side of larger magnitude.
struct SignedEdge {
  int64_t index;
  bool negative;

  static SignedEdge nearest(double threshold) { return {nearest_edge(std::fabs(threshold)), threshold < 0}; }
  double value() const { return negative ? 0.0 - edge(index) : edge(index); }

  bool is_below(int32_t key) const {  // the whole bin lies under the threshold
    return negative ? key < 0 && magnitude_index(key) >= index : key < 0 || magnitude_index(key) < index;
  }
};

template <class Belongs>
uint64_t count_where(const Bins& bins, Belongs belongs) {
  uint64_t total = 0;
  for (size_t i = 0; i < bins.keys.size(); ++i) total += belongs(bins.keys[i]) ? bins.counts[i] : 0;
  return total;
}

// The middle of the bin with the value of a rank (from 1), kept within the extremes.
double value_at(const Bins& bins, uint64_t rank, const Extremes& extremes) {
  size_t i = 0;
  for (uint64_t seen = bins.counts[0]; seen < rank; seen += bins.counts[i]) ++i;
  const int64_t index = magnitude_index(bins.keys[i]);
  // The bin from zero up is nearly always zeros.
  const double middle = bins.keys[i] == 0 ? 0.0 : (edge(index) + std::fmin(edge(index + 1), 0x1p128)) / 2;
  const double value = bins.keys[i] < 0 ? -middle : middle;
  // Not std::clamp, which must not be given a min above the max: a pickle may hold them.
  return std::fmax(extremes.min, std::fmin(extremes.max, value)) + 0.0;
}

std::vector<double> quantiles(const Bins& bins, uint64_t n, const Extremes& extremes) {
  constexpr std::array<uint64_t, 9> kPerMille = {1, 10, 50, 250, 500, 750, 950, 990, 999};
  std::vector<double> values;
  for (const uint64_t p : kPerMille) {
    // Inverted CDF: the smallest value with at least p·n elements up to it, in integers exact for any n.
    const uint64_t rank = n / 1000 * p + (n % 1000 * p + 999) / 1000;
    values.push_back(value_at(bins, rank, extremes));
  }
  return values;
}

struct TailNames {
  const char* fraction;
  const char* low;
  const char* high;
};

void write_tails(const Bins& bins, uint64_t n, double mean, double deviation, double reach, const TailNames& names,
                 Fields& out) {
  const SignedEdge low = SignedEdge::nearest(mean - reach * deviation);
  const SignedEdge high = SignedEdge::nearest(mean + reach * deviation);
  // Far from zero the bins are wider than the spread: then no edge says anything about outliers. Without spread there
  // are none, but a value that is an edge itself would count as one.
  const double moved = std::fmax(std::fabs(low.value() - (mean - reach * deviation)),
                                 std::fabs(high.value() - (mean + reach * deviation)));
  if (n == 0 || !(moved < deviation)) {
    for (const char* name : {names.fraction, names.low, names.high}) out.set(name, std::monostate{});
    return;
  }
  out.share(names.fraction, count_where(bins, [&](int32_t key) { return low.is_below(key) || !high.is_below(key); }),
            n);
  out.number(names.low, low.value());
  out.number(names.high, high.value());
}

}  // namespace

void Histogram::absorb(HistogramCounters& counters, const TypeInfo&) {
  observed = true;
  Histogram found;
  const auto take_octave = [&](uint32_t first, auto key_of, bool downwards) {
    OctaveCounts& counts = octave_at(counters, first);
    if (is_empty(counts)) return;
    for (uint32_t i = 0; i < kOctave; ++i) {
      const uint32_t bin = downwards ? kOctave - 1 - i : i;
      const uint64_t n = std::accumulate(std::begin(counts[bin]), std::end(counts[bin]), uint64_t{0});
      if (n == 0 || first % kMagnitudeBins + bin >= kFiniteBins) continue;
      found.bins.keys.push_back(key_of(static_cast<int32_t>(first % kMagnitudeBins + bin)));
      found.bins.counts.push_back(n);
    }
    std::memset(&counts, 0, sizeof counts);
  };
  for (uint32_t first = kMagnitudeBins; first > 0; first -= kOctave) {
    take_octave(kMagnitudeBins + first - kOctave, [](int32_t index) { return -1 - index; }, true);
  }
  for (uint32_t first = 0; first < kMagnitudeBins; first += kOctave) {
    take_octave(first, [](int32_t index) { return index; }, false);
  }
  merge(found);
}

void Histogram::merge(const Histogram& later) {
  observed = observed || later.observed;
  Bins both;
  size_t i = 0;
  size_t j = 0;
  const Bins& a = bins;
  const Bins& b = later.bins;
  while (i < a.keys.size() || j < b.keys.size()) {
    const bool from_a = j == b.keys.size() || (i < a.keys.size() && a.keys[i] <= b.keys[j]);
    const bool from_b = i == a.keys.size() || (j < b.keys.size() && b.keys[j] <= a.keys[i]);
    both.keys.push_back(from_a ? a.keys[i] : b.keys[j]);
    both.counts.push_back((from_a ? a.counts[i] : 0) + (from_b ? b.counts[j] : 0));
    i += from_a ? 1 : 0;
    j += from_b ? 1 : 0;
  }
  bins = std::move(both);
}

bool Histogram::is_sound() const {
  const auto is_finite = [](int32_t key) { return magnitude_index(key) < kFiniteBins; };
  const auto not_rising = [](int32_t a, int32_t b) { return a >= b; };
  return bins.keys.size() == bins.counts.size() && std::ranges::all_of(bins.keys, is_finite) &&
         std::ranges::adjacent_find(bins.keys, not_rising) == bins.keys.end();
}

void Histogram::write(const Moments& moments, const Extremes& extremes, Fields& out) const {
  const uint64_t n = count_where(bins, [](int32_t) { return true; });
  const double deviation = n == 0 ? kNothing : std::sqrt(moments.m2 / moments.n);
  out.set("histogram", bins);
  n == 0 ? out.set("quantiles", std::monostate{}) : out.set("quantiles", quantiles(bins, n, extremes));

  const int64_t near_zero = n == 0 ? 0 : nearest_edge(0.05 * deviation);
  out.share("near_zero_fraction", count_where(bins, [&](int32_t key) { return magnitude_index(key) < near_zero; }), n);
  out.number("near_zero_edge", n == 0 ? kNothing : edge(near_zero));
  write_tails(bins, n, moments.mean, deviation, 3, {"outlier_fraction_3", "outlier_low_3", "outlier_high_3"}, out);
  write_tails(bins, n, moments.mean, deviation, 6, {"outlier_fraction_6", "outlier_low_6", "outlier_high_6"}, out);
}

}  // namespace ggufscope
