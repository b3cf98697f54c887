// The observers of values and rows, built for one instruction set (GGUFSCOPE_ISA), and the table of all its kernels.
#include "formats/all.h"
#include "kernels/kernels.h"
#include "kernels/names.h"
#include "simd/lanes.h"

namespace ggufscope {
namespace {

// Writes the values in float64 and says whether all are finite.
bool widen(const float* values, size_t n, double* wide) {
  const F32 infinity = broadcast(__builtin_inff());
  Mask ordinary = first_lanes(kLanes);
  each_group(values, n, [&](F32 x, auto) {
    ordinary = ordinary & less(abs(x), infinity);
    store(wide, to_f64(x));
    wide += kLanes;
  });
  return bits(ordinary) == 0xFFFFU;
}

void observe_values(const Tile& tile, const TileTargets& targets) {
  targets.values->each([&](auto& statistic) { observe(statistic, tile); });
  if (targets.histogram != nullptr) observe(*targets.histogram, tile);
}

// NaN and Inf are counted, and otherwise ignored: value observers see a tile without them, row observers zeros.
void observe_unclean_tile(Tile tile, const TileTargets& targets, double* wide) {
  alignas(64) float seen[kTileElements];
  tile.seen = seen;
  tile.wide = wide;
  tile.seen_count = 0;
  for (size_t i = 0; i < tile.count; ++i) {
    seen[tile.seen_count] = tile.values[i];
    tile.seen_count += __builtin_isfinite(tile.values[i]) ? 1 : 0;
  }
  widen(seen, tile.seen_count, wide);
  observe_values(tile, targets);
  if (targets.row_squares == nullptr) return;
  for (size_t i = 0; i < tile.count; ++i) seen[i] = __builtin_isfinite(tile.values[i]) ? tile.values[i] : 0.0F;
  tile.seen_count = tile.count;
  widen(seen, tile.count, wide);
  observe_norms(tile, targets.row_squares, targets.column_squares);
}

void observe_tile(Tile tile, const TileTargets& targets) {
  alignas(64) double wide[kTileElements];
  if (!widen(tile.values, tile.count, wide)) {
    observe_unclean_tile(tile, targets, wide);
    return;
  }
  tile.seen = tile.values;
  tile.seen_count = tile.count;
  tile.wide = wide;
  observe_values(tile, targets);
  if (targets.row_squares != nullptr) observe_norms(tile, targets.row_squares, targets.column_squares);
}

}  // namespace

#define GGUFSCOPE_DECLARE(family) extern const FamilyKernels GGUFSCOPE_FAMILY_KERNELS(family, GGUFSCOPE_ISA);
GGUFSCOPE_FAMILIES(GGUFSCOPE_DECLARE)

#define GGUFSCOPE_ADDRESS(family) &GGUFSCOPE_FAMILY_KERNELS(family, GGUFSCOPE_ISA),
static constinit const FamilyKernels* const kFamilies[] = {GGUFSCOPE_FAMILIES(GGUFSCOPE_ADDRESS)};

extern const IsaKernels GGUFSCOPE_ISA_KERNELS(GGUFSCOPE_ISA);
constinit const IsaKernels GGUFSCOPE_ISA_KERNELS(GGUFSCOPE_ISA) = {
    GGUFSCOPE_NAME(GGUFSCOPE_ISA), {observe_tile}, kFamilies, sizeof kFamilies / sizeof *kFamilies};

}  // namespace ggufscope
