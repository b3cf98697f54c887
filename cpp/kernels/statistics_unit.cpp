// The observers of values and rows, built for one instruction set (GGUFSCOPE_ISA), and the table of all its kernels.
#include "formats/all.h"
#include "kernels/kernels.h"
#include "kernels/names.h"
#include "simd/lanes.h"

namespace ggufscope {
namespace {

bool all_finite(const float* values, size_t n) {
  const F32 infinity = broadcast(__builtin_inff());
  uint32_t ordinary = 0xFFFFU;
  each_group(values, n, [&](F32 x, auto) { ordinary &= bits(less(abs(x), infinity)); });
  return ordinary == 0xFFFFU;
}

// NaN and Inf are counted, and otherwise ignored: value observers see the tile without them, row observers zeros.
struct Cleaned {
  alignas(64) float finite[kTileElements];
  alignas(64) float zeroed[kTileElements];
  size_t n = 0;

  explicit Cleaned(const Tile& tile) {
    for (size_t i = 0; i < tile.count; ++i) {
      const bool ordinary = __builtin_isfinite(tile.values[i]);
      zeroed[i] = ordinary ? tile.values[i] : 0.0F;
      finite[n] = tile.values[i];
      n += ordinary ? 1 : 0;
    }
  }
};

void observe_clean_tile(const Tile& tile, const TileTargets& targets) {
  targets.values->each([&](auto& statistic) { observe(statistic, tile); });
  if (targets.histogram != nullptr) observe(*targets.histogram, tile);
  if (targets.row_squares != nullptr) observe_norms(tile, targets.row_squares, targets.column_squares);
}

void observe_tile(Tile tile, const TileTargets& targets) {
  tile.finite = tile.values;
  tile.finite_count = tile.count;
  tile.zeroed = tile.values;
  if (all_finite(tile.values, tile.count)) {
    observe_clean_tile(tile, targets);
    return;
  }
  const Cleaned cleaned(tile);
  tile.finite = cleaned.finite;
  tile.finite_count = cleaned.n;
  tile.zeroed = cleaned.zeroed;
  observe_clean_tile(tile, targets);
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
