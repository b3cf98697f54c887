#include "stream/pairs.h"

#include <algorithm>
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

// Observes chunks, in one thread.
class Worker {
 public:
  Worker(std::span<const MatrixPair> pairs, std::span<const Chunk> chunks, const KernelTable& table, Turn& turn)
      : pairs_(pairs), chunks_(chunks), table_(table), turn_(turn), tiles_(std::make_unique<Tiles>()) {}

  void work(size_t index, PairStatistics& result) {
    const Chunk& chunk = chunks_[index];
    const MatrixPair& pair = pairs_[chunk.source];
    const uint64_t columns = pair.reference.columns;
    const uint64_t begin = chunk.first_row * columns;
    const uint64_t end = begin + chunk.n_rows * columns;
    result = {};
    begin_chunk(result, keeps_rows(pair.reference, false) ? chunk.n_rows : 0, columns);
    const PairTargets<PairStatistics> targets = targets_of(result);
    BlockReader reference(pair.reference, table_, tiles_->reference_memory);
    BlockReader model(pair.model, table_, tiles_->model_memory);
    reference.read_ahead_to(end);
    model.read_ahead_to(end);
    for (uint64_t first = begin; first < end; first += kTilesPerStep * kTileElements) {
      const uint64_t step_end = std::min(end, first + kTilesPerStep * kTileElements);
      for (uint64_t at = first; at < step_end; at += kTileElements) {
        const auto n = static_cast<size_t>(std::min<uint64_t>(kTileElements, step_end - at));
        reference.decode(at, n, tiles_->reference);
        model.decode(at, n, tiles_->model);
        table_.pairs.observe({tiles_->reference, tiles_->model, n, pair.first_element + at,
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

std::vector<PairStatistics> observe_pairs(std::span<const MatrixPair> pairs, const PairOptions& options) {
  std::ranges::for_each(pairs, require_same_shape);
  const std::vector<Chunk> chunks = cut(pairs);
  std::vector<PairStatistics> results(pairs.size());
  const size_t in_flight = count_results(pairs, static_cast<size_t>(options.threads), chunks.size());
  in_order<PairStatistics>(
      {chunks.size(), options.threads, in_flight, options.progress},
      [&](Turn& turn) { return Worker(pairs, chunks, *options.table, turn); },
      [&](size_t chunk, const PairStatistics& result) { results[chunks[chunk].source].append(result); });
  for (const MatrixPair& pair : pairs) {
    require_intact(pair.reference);
    require_intact(pair.model);
  }
  return results;
}

}  // namespace ggufscope
