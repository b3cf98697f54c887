// The observers of values and rows, built for one instruction set (GGUFSCOPE_ISA), and the table of all its kernels.
#include "formats/all.h"
#include "kernels/kernels.h"
#include "kernels/names.h"
#include "simd/lanes.h"

namespace ggufscope {
namespace {

template <class Statistics>
struct SummingAll;

template <class... Statistic>
struct SummingAll<Collection<Statistic...>> : Summing<Statistic>... {
  explicit SummingAll(const Tile& tile) : Summing<Statistic>(tile)... {}

  template <class Valid>
  void add(const Group& group, Valid valid) {
    (Summing<Statistic>::add(group, valid), ...);
  }
  void finish(Collection<Statistic...>& into, const Tile& tile) {
    (Summing<Statistic>::finish(static_cast<Statistic&>(into), tile), ...);
  }
};

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

// body(values of a row's piece, how many, its row, its column)
template <class Body>
void each_row_piece(const Tile& tile, const float* values, size_t n, Body body) {
  uint64_t row = tile.row;
  uint64_t column = tile.column;
  for (size_t done = 0; done < n; ++row, column = 0) {
    const uint64_t left = tile.columns - column;
    const size_t piece = left < n - done ? static_cast<size_t>(left) : n - done;
    body(values + done, piece, row, column);
    done += piece;
  }
}

void observe_norms(const Tile& tile, const float* values, const TileTargets& targets) {
  each_row_piece(tile, values, tile.count, [&](const float* piece, size_t n, uint64_t row, uint64_t column) {
    Summing<Norms> norms(targets.column_squares + column);
    each_group(piece, n, [&](F32 x, auto valid) { norms.add({x, to_f64(x)}, valid); });
    targets.row_squares[row] += sum(norms.total);
  });
}

template <bool WithHistogram>
void observe_values(const Tile& tile, const TileTargets& targets) {
  SummingAll<Values> values(tile);
  Summing<Histogram> histogram(targets.histogram);  // NOLINT(misc-const-correctness): where WithHistogram
  each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) {
    const Group group{x, to_f64(x)};
    values.add(group, valid);
    if constexpr (WithHistogram) histogram.add(group, valid);
  });
  if constexpr (WithHistogram) histogram.finish();
  values.finish(*targets.values, tile);
}

// Values and norms in one loop. Groups begin anew with each row, so a row must be long enough to fill some.
constexpr uint64_t kNarrow = 64;

template <bool WithHistogram, bool WithNorms>
void observe_rows(const Tile& tile, const TileTargets& targets) {
  SummingAll<Values> values(tile);
  Summing<Histogram> histogram(targets.histogram);  // NOLINT(misc-const-correctness): where WithHistogram
  each_row_piece(tile, tile.values, tile.count, [&](const float* piece, size_t n, uint64_t row, uint64_t column) {
    // NOLINTNEXTLINE(misc-const-correctness): where WithNorms
    Summing<Norms> norms(WithNorms ? targets.column_squares + column : nullptr);
    each_group(piece, n, [&](F32 x, auto valid) {
      const Group group{x, to_f64(x)};
      values.add(group, valid);
      if constexpr (WithHistogram) histogram.add(group, valid);
      if constexpr (WithNorms) norms.add(group, valid);
    });
    if constexpr (WithNorms) targets.row_squares[row] += sum(norms.total);
  });
  if constexpr (WithHistogram) histogram.finish();
  values.finish(*targets.values, tile);
}

template <bool WithHistogram>
void observe_clean_tile(const Tile& tile, const TileTargets& targets) {
  if (tile.columns < kNarrow) {
    observe_values<WithHistogram>(tile, targets);
    if (targets.row_squares != nullptr) observe_norms(tile, tile.values, targets);
  } else if (targets.row_squares != nullptr) {
    observe_rows<WithHistogram, true>(tile, targets);
  } else {
    observe_rows<WithHistogram, false>(tile, targets);
  }
}

// NaN and Inf are counted, and otherwise ignored: value observers see a tile without them, row observers zeros.
void observe_unclean_tile(Tile tile, const TileTargets& targets) {
  alignas(64) float seen[kTileElements];
  tile.seen = seen;
  tile.seen_count = 0;
  for (size_t i = 0; i < tile.count; ++i) {
    seen[tile.seen_count] = tile.values[i];
    tile.seen_count += __builtin_isfinite(tile.values[i]) ? 1 : 0;
  }
  observe_non_finite(*targets.values, tile);
  targets.histogram != nullptr ? observe_values<true>(tile, targets) : observe_values<false>(tile, targets);
  if (targets.row_squares == nullptr) return;
  for (size_t i = 0; i < tile.count; ++i) seen[i] = __builtin_isfinite(tile.values[i]) ? tile.values[i] : 0.0F;
  observe_norms(tile, seen, targets);
}

// Without counters that could not be taken back, Σ|w| tells afterwards: it is finite where all weights are.
bool observe_values_if_finite(const Tile& tile, const TileTargets& targets) {
  SummingAll<Values> values(tile);
  each_group(tile.seen, tile.seen_count, [&](F32 x, auto valid) { values.add({x, to_f64(x)}, valid); });
  if (!__builtin_isfinite(sum(values.magnitude))) return false;
  values.finish(*targets.values, tile);
  return true;
}

void observe_tile(Tile tile, const TileTargets& targets) {
  tile.seen = tile.values;
  tile.seen_count = tile.count;
  if (targets.histogram == nullptr && targets.row_squares == nullptr) {
    if (!observe_values_if_finite(tile, targets)) observe_unclean_tile(tile, targets);
    return;
  }
  if (!all_finite(tile.values, tile.count)) {
    observe_unclean_tile(tile, targets);
    return;
  }
  targets.histogram != nullptr ? observe_clean_tile<true>(tile, targets) : observe_clean_tile<false>(tile, targets);
}

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

#define GGUFSCOPE_ADDRESS(family) &GGUFSCOPE_FAMILY_KERNELS(family, GGUFSCOPE_ISA),
static constinit const FamilyKernels* const kFamilies[] = {GGUFSCOPE_FAMILIES(GGUFSCOPE_ADDRESS)};

extern const IsaKernels GGUFSCOPE_ISA_KERNELS(GGUFSCOPE_ISA);
constinit const IsaKernels GGUFSCOPE_ISA_KERNELS(GGUFSCOPE_ISA) = {GGUFSCOPE_NAME(GGUFSCOPE_ISA),
                                                                   {observe_tile, flush_columns},
                                                                   {copy_past_caches, end_stream},
                                                                   kFamilies,
                                                                   sizeof kFamilies / sizeof *kFamilies};

}  // namespace ggufscope
