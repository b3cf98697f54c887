// The observers of decoded weights, built for one instruction set (GGUFSCOPE_ISA), and the table of all its kernels.
#include "formats/all.h"
#include "kernels/kernels.h"
#include "kernels/names.h"
#include "kernels/tiles.h"
#include "simd/lanes.h"

namespace ggufscope {
namespace {

template <class Statistic, class... Format>
constexpr bool looks_at_blocks(FormatList<Format...>) {
  return (LooksAtBlocks<Statistic, Format> || ...);
}
template <class Statistic>
constexpr bool looks_at_something() {
#define GGUFSCOPE_OR_BLOCKS(family) || looks_at_blocks<Statistic>(GGUFSCOPE_FORMATS_OF(family){})
  return LooksAtValues<Statistic> || LooksAtRows<Statistic> GGUFSCOPE_FAMILIES(GGUFSCOPE_OR_BLOCKS);
#undef GGUFSCOPE_OR_BLOCKS
}

template <class... Statistic>
constexpr bool are_observed(StatisticList<Statistic...>) {
  return (looks_at_something<Statistic>() && ...);
}
static_assert(are_observed(AllStatistics{}), "a statistic has no sums that kernels know how to feed");

template <class... Row>
constexpr bool are_full(StatisticList<Row...>) {
  return (!Row::kFast && ...);
}
static_assert(are_full(Rows{}), "fast profiles keep no rows");

// 0 · x is a zero unless x is NaN or Inf.
bool all_finite(const float* values, size_t n) {
  const F32 nothing = broadcast(0.0F);
  F32 even = nothing;
  F32 odd = nothing;
  each_group(values, n, [&](F32 x, auto) {
    const F32 sum = even + x * nothing;
    even = odd;
    odd = sum;
  });
  return bits(equal(even + odd, nothing)) == 0xFFFFU;
}

// NaN and Inf are counted, and otherwise ignored: value observers see a tile without them, row observers zeros.
template <bool Full>
void observe_unclean_tile(Tile tile, const Targets& targets) {
  alignas(64) float seen[kTileElements];
  tile.seen = seen;
  tile.seen_count = 0;
  for (size_t i = 0; i < tile.count; ++i) {
    seen[tile.seen_count] = tile.values[i];
    tile.seen_count += __builtin_isfinite(tile.values[i]) ? 1 : 0;
  }
  observe_values(ValuesOf<Full>{}, tile, targets);
  if (!Full || !targets.rows) return;
  for (size_t i = 0; i < tile.count; ++i) seen[i] = __builtin_isfinite(tile.values[i]) ? tile.values[i] : 0.0F;
  observe_rows(StatisticList<>{}, Rows{}, tile, seen, targets);
}

// Without counters that could not be taken back, Σ|w| tells afterwards: it is finite where all weights are.
template <class... Value>
bool observe_values_if_finite(StatisticList<Value...>, const Tile& tile, const Targets& targets) {
  static_assert(((Value::kLifetime == Lifetime::Segment) && ...), "what fast profiles count cannot be taken back");
  const auto walk = [&](Summing<Value>... values) {
    each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) {
      const Group group{x, to_f64(x)};
      (values.add(group, valid), ...);
    });
    const auto is_finite = [](const auto& summing) {
      if constexpr (requires { summing.sum_of_magnitudes(); }) {
        return __builtin_isfinite(summing.sum_of_magnitudes()) != 0;
      } else {
        return true;
      }
    };
    if (!(is_finite(values) && ...)) return false;
    (values.finish(targets.of<Value>(), tile), ...);
    return true;
  };
  return walk(Summing<Value>(targets.of<Value>(), tile)...);
}

void observe_tile(Tile tile, const Targets& targets) {
  tile.seen = tile.values;
  tile.seen_count = tile.count;
  if (!targets.full) {
    if (!observe_values_if_finite(ValuesOf<false>{}, tile, targets)) observe_unclean_tile<false>(tile, targets);
  } else if (!all_finite(tile.values, tile.count)) {
    observe_unclean_tile<true>(tile, targets);
  } else if (targets.rows) {
    observe_finite_tile(ValuesOf<true>{}, Rows{}, tile, targets);
  } else {
    observe_finite_tile(ValuesOf<true>{}, StatisticList<>{}, tile, targets);
  }
}

template <class... Statistic>
void finish_chunk(StatisticList<Statistic...>, const Targets& targets) {
  const auto finish = [&]<class Each>(StatisticList<Each>) {
    if constexpr (requires { Summing<Each>::finish_chunk(*targets.of<Each>()); }) {
      Summing<Each>::finish_chunk(*targets.of<Each>());
    }
  };
  (finish(StatisticList<Statistic>{}), ...);
}

void finish_rows(const Targets& targets) { finish_chunk(Rows{}, targets); }

void copy_past_caches(const float* values, size_t n, float* out) {
  const size_t to_line = (64 - reinterpret_cast<uintptr_t>(out) % 64) % 64 / sizeof(float);
  size_t i = to_line < n ? to_line : n;
  std::memcpy(out, values, i * sizeof(float));
  for (; i + kLanes <= n; i += kLanes) stream(out + i, load(values + i));
  std::memcpy(out + i, values + i, (n - i) * sizeof(float));
}

}  // namespace

#define GGUFSCOPE_DECLARE(family) extern const FamilyKernels GGUFSCOPE_FAMILY_KERNELS(family, GGUFSCOPE_ISA);
GGUFSCOPE_FAMILIES(GGUFSCOPE_DECLARE)

extern const ProductKernels GGUFSCOPE_FAMILY_KERNELS(products, GGUFSCOPE_ISA);
extern const PairKernels GGUFSCOPE_FAMILY_KERNELS(pairs, GGUFSCOPE_ISA);

#define GGUFSCOPE_ADDRESS(family) &GGUFSCOPE_FAMILY_KERNELS(family, GGUFSCOPE_ISA),
static constinit const FamilyKernels* const kFamilies[] = {GGUFSCOPE_FAMILIES(GGUFSCOPE_ADDRESS)};

extern const IsaKernels GGUFSCOPE_ISA_KERNELS(GGUFSCOPE_ISA);
constinit const IsaKernels GGUFSCOPE_ISA_KERNELS(GGUFSCOPE_ISA) = {GGUFSCOPE_NAME(GGUFSCOPE_ISA),
                                                                   {observe_tile, finish_rows},
                                                                   {copy_past_caches, end_stream},
                                                                   &GGUFSCOPE_FAMILY_KERNELS(products, GGUFSCOPE_ISA),
                                                                   &GGUFSCOPE_FAMILY_KERNELS(pairs, GGUFSCOPE_ISA),
                                                                   kFamilies,
                                                                   sizeof kFamilies / sizeof *kFamilies};

}  // namespace ggufscope
