#include "stream/engine.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "stream/chunks.h"
#include "stream/parallel.h"

namespace ggufscope {
namespace {

// Chunks in flight: results wait in a slot until all earlier ones are merged. A worker that runs ahead waits.
class Slots {
 public:
  Slots(size_t count, size_t n_chunks) : results_(count), done_(count, false), n_chunks_(n_chunks) {}

  /// The next chunk to work on, or n_chunks when there is none (left). Calls idle() now and then while it waits.
  template <class Idle>
  size_t claim(Idle idle) {
    std::unique_lock lock(mutex_);
    wait(lock, idle, [&] { return claimed_ == n_chunks_ || claimed_ < merged_ + results_.size(); });
    return cancelled_ || claimed_ == n_chunks_ ? n_chunks_ : claimed_++;
  }

  /// Waits for the chunks of all workers.
  template <class Idle>
  void wait_for_all(Idle idle) {
    std::unique_lock lock(mutex_);
    wait(lock, idle, [&] { return merged_ == n_chunks_; });
  }

  ChunkResult& result(size_t chunk) { return results_[chunk % results_.size()]; }

  /// Marks a chunk finished and merges, in order, every one that is ready.
  template <class Merge>
  void finish(size_t chunk, Merge merge) {
    const std::lock_guard lock(mutex_);
    done_[chunk % done_.size()] = true;
    while (merged_ < n_chunks_ && done_[merged_ % done_.size()]) {
      merge(merged_, result(merged_));
      done_[merged_ % done_.size()] = false;
      ++merged_;
    }
    free_.notify_all();
  }

  void cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    free_.notify_all();
  }

  bool cancelled() const { return cancelled_; }
  size_t size() const { return results_.size(); }

 private:
  template <class Idle, class Ready>
  void wait(std::unique_lock<std::mutex>& lock, Idle idle, Ready ready) {
    while (!free_.wait_for(lock, std::chrono::milliseconds(50), [&] { return cancelled_ || ready(); })) {
      lock.unlock();
      idle();
      lock.lock();
    }
  }

  std::vector<ChunkResult> results_;
  std::vector<bool> done_;
  size_t n_chunks_;
  size_t claimed_ = 0;
  size_t merged_ = 0;
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;
  std::condition_variable free_;
};

// A worker's memory is kept for the next piece of work of its thread: making its pages anew would take longer than
// looking at a block. Counters are clean again when their work is done; work that was broken off does not put them
// back.
thread_local std::unique_ptr<Scratch> kept_scratch;  // NOLINT(*-avoid-non-const-global-variables)

std::unique_ptr<Scratch> take_scratch() {
  return kept_scratch == nullptr ? std::make_unique<Scratch>() : std::move(kept_scratch);
}

constexpr size_t kColumnSums = size_t{1} << 24;       // of all slots together: 128 MB
constexpr uint64_t kMostCounted = uint64_t{1} << 31;  // elements between flushes: a 32-bit counter holds as many

// Every slot keeps the column sums of its chunk, so very wide matrices get fewer of them.
size_t count_slots(std::span<const Source> sources, const EngineOptions& options, size_t n_chunks) {
  const size_t workers = std::min(static_cast<size_t>(options.threads), n_chunks);
  size_t widest = 1;
  for (const Source& source : sources) {
    if (wants_norms(source.matrix, options.fast)) widest = std::max<size_t>(widest, source.matrix.columns);
  }
  return std::min(workers * 4 + 8, std::max<size_t>(1, kColumnSums / widest));
}

class Run {
 public:
  Run(std::span<const Source> sources, const EngineOptions& options)
      : sources_(sources),
        options_(options),
        chunks_(cut_chunks(sources)),
        observations_(sources.size()),
        slots_(count_slots(sources, options, chunks_.size()), chunks_.size()) {
    for (size_t i = 0; i < sources.size(); ++i) prepare(sources[i], observations_[i]);
  }

  std::vector<Observation> execute() {
    const size_t most = std::min(chunks_.size(), slots_.size());
    const auto workers = static_cast<int>(std::min(static_cast<size_t>(options_.threads), most));
    if (workers > 0) run_workers(workers, [this](int worker) { work(worker); });
    if (options_.progress) options_.progress(bytes_done_);
    return std::move(observations_);
  }

 private:
  // A worker's counters and what they hold: so many elements of one source.
  struct Counting {
    Scratch& scratch;
    size_t source = 0;
    uint64_t elements = 0;
  };

  void prepare(const Source& source, Observation& observation) const {
    observation.statistics.Histogram::observed = !options_.fast;
    const BlockMatrix& matrix = source.matrix;
    if (matrix.rows == 0 || matrix.columns == 0) return;
    if (source.group_rows > 0) observation.groups.resize((matrix.rows - 1) / source.group_rows + 1);
    if (!wants_norms(matrix, options_.fast)) return;
    observation.statistics.row_squares.resize(matrix.rows);
    observation.statistics.column_squares.resize(matrix.columns);
  }

  void work(int worker) {
    try {
      auto scratch = take_scratch();
      Counting counting{*scratch};
      const auto idle = [&] {  // a row may be so long that others wait for seconds
        if (worker == 0) report();
      };
      for (size_t i = slots_.claim(idle); i < chunks_.size(); i = slots_.claim(idle)) {
        if (counting.source != chunks_[i].source) flush(counting);
        counting.source = chunks_[i].source;
        observe_chunk(i, counting, worker);
        slots_.finish(i, [this](size_t chunk, ChunkResult& result) { merge(chunks_[chunk], result); });
      }
      flush(counting);
      if (!slots_.cancelled()) kept_scratch = std::move(scratch);
      if (worker == 0) slots_.wait_for_all(idle);
    } catch (...) {
      slots_.cancel();
      throw;
    }
  }

  void observe_chunk(size_t index, Counting& counting, int worker) {
    const Chunk& chunk = chunks_[index];
    const Source& source = sources_[chunk.source];
    ChunkResult& result = slots_.result(index);
    double* rows = wants_norms(source.matrix, options_.fast)
                       ? observations_[chunk.source].statistics.row_squares.data() + chunk.first_row
                       : nullptr;
    ChunkObserver observer(source, *options_.table, options_.fast, options_.sparsity_threshold, counting.scratch);
    observer.observe(chunk, rows, result, [&](uint64_t bytes) {
      bytes_done_ += bytes;
      const TypeInfo& type = *source.matrix.type;
      counting.elements += bytes / type.bytes_per_block * type.elements_per_block;
      if (counting.elements >= kMostCounted) flush(counting);
      if (worker == 0) report();
      return !slots_.cancelled();
    });
  }

  void merge(const Chunk& chunk, ChunkResult& result) {
    Observation& observation = observations_[chunk.source];
    const uint64_t group_rows = sources_[chunk.source].group_rows;
    uint64_t group = group_rows > 0 ? chunk.first_row / group_rows : 0;
    for (const Values& segment : result.segments) {
      observation.statistics.merge(segment);
      if (group_rows > 0) observation.groups[group++].merge(segment);
    }
    observation.statistics.Scales::merge(result.scales);
    auto& columns = observation.statistics.column_squares;
    for (size_t i = 0; i < columns.size(); ++i) columns[i] += result.column_squares[i];
  }

  // Integer counts may be added in any order.
  void flush(Counting& counting) {
    if (options_.fast || counting.elements == 0) return;
    counting.elements = 0;
    Histogram found;
    found.absorb(counting.scratch.histogram);
    const std::lock_guard lock(flush_mutex_);
    Statistics& statistics = observations_[counting.source].statistics;
    statistics.Histogram::merge(found);
    const TypeInfo& type = *sources_[counting.source].matrix.type;
    if (type.code_bits > 0) statistics.Codes::absorb(counting.scratch.codes, type);
  }

  void report() {
    if (!options_.progress) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_report_ < std::chrono::milliseconds(50)) return;
    last_report_ = now;
    options_.progress(bytes_done_);
  }

  std::span<const Source> sources_;
  const EngineOptions& options_;
  std::vector<Chunk> chunks_;
  std::vector<Observation> observations_;
  Slots slots_;
  std::mutex flush_mutex_;
  std::atomic<uint64_t> bytes_done_ = 0;
  std::chrono::steady_clock::time_point last_report_;  // of worker 0 alone
};

}  // namespace

std::vector<Observation> observe(std::span<const Source> sources, const EngineOptions& options) {
  auto observations = Run(sources, options).execute();
  for (const Source& source : sources) require_intact(source.matrix);
  return observations;
}

}  // namespace ggufscope
