// The pair statistics, built for one instruction set (GGUFSCOPE_ISA): one loop shows each sixteen pairs of weights to
// all of them.
#include "kernels/names.h"
#include "kernels/pairs.h"
#include "simd/lanes.h"

namespace ggufscope {
namespace {

template <class Statistic>
concept IsPairStatistic = requires(Pairing<Statistic> pairing, const PairGroup& group) {
  pairing.add_pair(group, AllLanes{});
  pairing.add_pair(group, Mask{});
  pairing.finish(uint64_t{});
};

template <class Statistics>
struct PairingAll;

template <class... Statistic>
struct PairingAll<Collection<Statistic...>> : Pairing<Statistic>... {
  static_assert((IsPairStatistic<Statistic> && ...), "see statistics/pair.h");

  PairingAll(const PairTile& of, const PairTargets<Collection<Statistic...>>& into)
      : Pairing<Statistic>(of, static_cast<const PairTarget<Statistic>&>(into))... {}

  void begin_row(uint64_t row, uint64_t column) { (begin_row_of(as<Statistic>(), row, column), ...); }
  template <class Valid>
  void add_pair(const PairGroup& group, Valid valid) {
    (as<Statistic>().add_pair(group, valid), ...);
  }
  void end_row(uint64_t row, const PairRow& whole) { (end_row_of(as<Statistic>(), row, whole), ...); }
  void finish(uint64_t left_out) { (as<Statistic>().finish(left_out), ...); }

 private:
  template <class One>
  Pairing<One>& as() {
    return static_cast<Pairing<One>&>(*this);
  }
  template <class One>
  static void begin_row_of(One& one, uint64_t row, uint64_t column) {
    if constexpr (requires { one.begin_row(row, column); }) one.begin_row(row, column);
  }
  template <class One>
  static void end_row_of(One& one, uint64_t row, const PairRow& whole) {
    if constexpr (requires { one.end_row(row, whole); }) one.end_row(row, whole);
  }
};

// Sums that several statistics want, over a row's piece.
struct RowSums {
  F64 error_squares = broadcast(0.0);
  F64 reference_squares = broadcast(0.0);
  F64 model_squares = broadcast(0.0);
  F64 products = broadcast(0.0);

  PairGroup add(F32 reference, F32 model, int n) {
    const F64 a = to_f64(reference);
    const F64 b = to_f64(model);
    const F64 error = b - a;
    const PairGroup group{reference, model, error, error * error, a * a, n};
    error_squares = error_squares + group.error_squares;
    reference_squares = reference_squares + group.reference_squares;
    model_squares = model_squares + b * b;
    products = products + a * b;
    return group;
  }
  PairRow folded() const { return {sum(error_squares), sum(reference_squares), sum(model_squares), sum(products)}; }
};

class Observer {
 public:
  Observer(const PairTile& tile, const PairTargets<PairStatistics>& targets) : all_(tile, targets) {}

  void add_row(const float* reference, const float* model, size_t n, uint64_t row, uint64_t column) {
    sums_ = {};
    all_.begin_row(row, column);
    const size_t whole = n / kLanes * kLanes;
    for (size_t i = 0; i < whole; i += kLanes) add(load(reference + i), load(model + i), kLanes);
    if (whole < n) {
      float last_of_reference[kLanes] = {};
      float last_of_model[kLanes] = {};
      std::memcpy(last_of_reference, reference + whole, (n - whole) * sizeof(float));
      std::memcpy(last_of_model, model + whole, (n - whole) * sizeof(float));
      add(load(last_of_reference), load(last_of_model), static_cast<int>(n - whole));
    }
    all_.end_row(row, sums_.folded());
  }
  void finish() { all_.finish(left_out_); }

 private:
  void add(F32 reference, F32 model, int n) {
    const F32 infinity = broadcast(__builtin_inff());
    const Mask finite = less(abs(reference), infinity) & less(abs(model), infinity);
    if (n == kLanes && bits(finite) == 0xFFFFU) {
      all_.add_pair(sums_.add(reference, model, n), AllLanes{});
      return;
    }
    const F32 nothing = broadcast(0.0F);
    const Mask valid = finite & first_lanes(n);
    left_out_ += n - static_cast<uint64_t>(count(valid));
    all_.add_pair(sums_.add(select(valid, reference, nothing), select(valid, model, nothing), n), valid);
  }

  RowSums sums_;
  PairingAll<PairStatistics> all_;
  uint64_t left_out_ = 0;
};

void observe_pairs(const PairTile& tile, const PairTargets<PairStatistics>& targets) {
  Observer observer(tile, targets);
  uint64_t row = tile.row;
  uint64_t column = tile.column;
  for (size_t done = 0; done < tile.count; ++row, column = 0) {
    const uint64_t left = tile.columns - column;
    const size_t n = left < tile.count - done ? static_cast<size_t>(left) : tile.count - done;
    observer.add_row(tile.reference + done, tile.model + done, n, row, column);
    done += n;
  }
  observer.finish();
}

}  // namespace

extern const PairKernels GGUFSCOPE_FAMILY_KERNELS(pairs, GGUFSCOPE_ISA);
constinit const PairKernels GGUFSCOPE_FAMILY_KERNELS(pairs, GGUFSCOPE_ISA) = {observe_pairs};

}  // namespace ggufscope
