#include "stream/pairs.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "stream/chunks.h"
#include "stream/ordered.h"

namespace ggufscope {
namespace {

constexpr uint64_t kTilesPerStep = 64;
constexpr size_t kColumns = size_t{1} << 23;  // of all results in flight: 128 MB, two sums for each

// A worker's own memory.
struct Tiles {
  alignas(64) float reference[kTileElements];
  alignas(64) float model[kTileElements];
  ReaderMemory reference_memory;
  ReaderMemory model_memory;
};

void require_same_shape(const MatrixPair& pair) {
  if (pair.reference.rows == pair.model.rows && pair.reference.columns == pair.model.columns) return;
  throw std::invalid_argument("matrices of different shapes are no pair");
}

// Whether equal bytes are equal weights.
bool same_form(const MatrixPair& pair) {
  const BlockMatrix& reference = pair.reference;
  const BlockMatrix& model = pair.model;
  return reference.type == model.type && reference.swapped == model.swapped && reference.factors.same_as(model.factors);
}

std::vector<Chunk> cut(std::span<const MatrixPair> pairs) {
  std::vector<Source> shapes;
  for (const MatrixPair& pair : pairs) shapes.push_back({pair.reference, 0, 0});
  return cut_chunks(shapes);
}

// Every result in flight keeps the column sums of its chunk, so very wide matrices get fewer of them.
size_t count_results(std::span<const MatrixPair> pairs, size_t threads, size_t n_chunks) {
  size_t widest = 1;
  for (const MatrixPair& pair : pairs) {
    if (keeps_rows(pair.reference, false)) widest = std::max<size_t>(widest, pair.reference.columns);
  }
  return std::min(std::min(threads, n_chunks) * 4 + 8, std::max<size_t>(1, kColumns / widest));
}

template <class... Statistic>
void begin_chunk(Collection<Statistic...>& statistics, uint64_t rows, uint64_t columns) {
  const auto begin = [&](auto& one) {
    if constexpr (requires { one.begin_chunk(rows, columns); }) one.begin_chunk(rows, columns);
  };
  (begin(static_cast<Statistic&>(statistics)), ...);
}

template <class Statistic>
PairTarget<Statistic> target_of(Statistic& statistic) {
  if constexpr (requires { statistic.target(); }) {
    return {statistic.target()};
  } else {
    return {&statistic};
  }
}

template <class... Statistic>
PairTargets<Collection<Statistic...>> targets_of(Collection<Statistic...>& statistics) {
  return {target_of<Statistic>(statistics)...};
}

bool equal_blocks(BlockReader& reference, BlockReader& model, uint64_t first, size_t n) {
  return std::memcmp(reference.blocks(first, n), model.blocks(first, n), reference.bytes(n)) == 0;
}

// Observes chunks, in one thread.
class Worker {
 public:
  Worker(std::span<const MatrixPair> pairs, std::span<const Chunk> chunks, const KernelTable& table, Turn& turn)
      : pairs_(pairs), chunks_(chunks), table_(table), turn_(turn), tiles_(std::make_unique<Tiles>()) {}

  void work(size_t index, PairObservation& result) {
    const Chunk& chunk = chunks_[index];
    const MatrixPair& pair = pairs_[chunk.source];
    const uint64_t columns = pair.reference.columns;
    const uint64_t begin = chunk.first_row * columns;
    const uint64_t end = begin + chunk.n_rows * columns;
    result.statistics = {};
    result.identical = same_form(pair);
    begin_chunk(result.statistics, keeps_rows(pair.reference, false) ? chunk.n_rows : 0, columns);
    const PairTargets<PairStatistics> targets = targets_of(result.statistics);
    const bool may_be_equal = result.identical;
    BlockReader reference(pair.reference, table_, tiles_->reference_memory);
    BlockReader model(pair.model, table_, tiles_->model_memory);
    reference.read_ahead_to(end);
    model.read_ahead_to(end);
    for (uint64_t first = begin; first < end; first += kTilesPerStep * kTileElements) {
      const uint64_t step_end = std::min(end, first + kTilesPerStep * kTileElements);
      for (uint64_t at = first; at < step_end; at += kTileElements) {
        const auto n = static_cast<size_t>(std::min<uint64_t>(kTileElements, step_end - at));
        reference.decode(at, n, tiles_->reference);
        const bool equal = may_be_equal && equal_blocks(reference, model, at, n);
        if (!equal) model.decode(at, n, tiles_->model);
        result.identical = result.identical && equal;
        table_.pairs.observe({tiles_->reference, equal ? tiles_->reference : tiles_->model, n, pair.first_element + at,
                              at / columns - chunk.first_row, at % columns, columns},
                             targets);
      }
      const uint64_t n = step_end - first;
      if (!turn_.step(pair.reference.bytes(n) + pair.model.bytes(n))) return;
    }
  }
  void finish() const {}

 private:
  std::span<const MatrixPair> pairs_;
  std::span<const Chunk> chunks_;
  const KernelTable& table_;
  Turn& turn_;
  std::unique_ptr<Tiles> tiles_;
};

}  // namespace

std::vector<PairObservation> observe_pairs(std::span<const MatrixPair> pairs, const PairOptions& options) {
  std::ranges::for_each(pairs, require_same_shape);
  const std::vector<Chunk> chunks = cut(pairs);
  std::vector<PairObservation> results(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) results[i].identical = same_form(pairs[i]);
  const size_t in_flight = count_results(pairs, static_cast<size_t>(options.threads), chunks.size());
  in_order<PairObservation>(
      {chunks.size(), options.threads, in_flight, options.progress},
      [&](Turn& turn) { return Worker(pairs, chunks, *options.table, turn); },
      [&](size_t chunk, const PairObservation& result) {
        PairObservation& whole = results[chunks[chunk].source];
        whole.statistics.append(result.statistics);
        whole.identical = whole.identical && result.identical;
      });
  for (const MatrixPair& pair : pairs) {
    require_intact(pair.reference);
    require_intact(pair.model);
  }
  return results;
}

}  // namespace ggufscope
