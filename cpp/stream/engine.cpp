#include "stream/engine.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "stream/chunks.h"
#include "stream/kept_memory.h"
#include "stream/ordered.h"
#include "stream/piece_reading.h"

namespace ggufscope {
namespace {

// Counters are clean again when their work is done; work that was broken off does not put them back.
constinit KeptMemory<Scratch> kept_scratch;  // NOLINT(*-avoid-non-const-global-variables)

// Elements of all calls after which a worker's memory is freed: by then it may hold megabytes of tables, and making
// those pages anew takes less than a hundredth of the time that so many elements take.
constexpr uint64_t kKeptFor = uint64_t{1} << 24;

constexpr size_t kColumnSums = size_t{1} << 24;       // of all results in flight: 128 MB
constexpr uint64_t kMostCounted = uint64_t{1} << 31;  // elements between flushes: a 32-bit counter holds as many

// Pages that were read in place count as memory taken: after so many chunks, of 10 MB where weights have four bits.
constexpr size_t kChunksPerRelease = 16;

// Every result in flight keeps the column sums of its chunk, so very wide matrices get fewer of them.
size_t count_slots(std::span<const Source> sources, const EngineOptions& options, size_t n_chunks) {
  const size_t workers = std::min(static_cast<size_t>(options.threads), n_chunks);
  size_t widest = 1;
  for (const Source& source : sources) {
    if (keeps_rows(source.matrix, options.fast)) widest = std::max<size_t>(widest, source.matrix.columns);
  }
  return std::min(workers * 4 + 8, std::max<size_t>(1, kColumnSums / widest));
}

class Run {
 public:
  Run(std::span<const Source> sources, const EngineOptions& options)
      : sources_(sources), options_(options), chunks_(cut_chunks(sources)), observations_(sources.size()) {
    for (size_t i = 0; i < sources.size(); ++i) prepare(sources[i], observations_[i]);
  }

  std::vector<Observation> execute() {
    const size_t slots = count_slots(sources_, options_, chunks_.size());
    in_order<ChunkResult>(
        {chunks_.size(), options_.threads, slots, options_.progress},
        [this](Turn& turn) { return Worker(*this, turn); },
        [this](size_t chunk, ChunkResult& result) {
          merge(chunks_[chunk], result);
          merged_.store(chunk + 1, std::memory_order_release);
        });
    release(0);
    return std::move(observations_);
  }

 private:
  // Observes chunks. Its counters hold some elements of one source.
  class Worker {
   public:
    Worker(Run& run, Turn& turn) : run_(run), turn_(turn), scratch_(kept_scratch.take()) {}

    void work(size_t index, ChunkResult& result) {
      const Chunk& chunk = run_.chunks_[index];
      if (chunk.source != source_) flush();
      source_ = chunk.source;
      run_.observe_chunk(chunk, *scratch_, result, [&](uint64_t bytes) {
        const TypeInfo& type = *run_.sources_[source_].matrix.type;
        const uint64_t elements = bytes / type.bytes_per_block * type.elements_per_block;
        elements_ += elements;
        scratch_->observed += elements;
        if (elements_ >= kMostCounted) flush();
        return turn_.step(bytes);
      });
      run_.release(kChunksPerRelease);
    }
    void finish() {
      flush();
      if (!turn_.cancelled() && scratch_->observed < kKeptFor) kept_scratch.give(std::move(scratch_));
    }

   private:
    void flush() {
      if (elements_ > 0) run_.flush(source_, *scratch_);
      elements_ = 0;
    }

    Run& run_;
    Turn& turn_;
    std::unique_ptr<Scratch> scratch_;
    size_t source_ = 0;
    uint64_t elements_ = 0;
  };

  void prepare(const Source& source, Observation& observation) const {
    const BlockMatrix& matrix = source.matrix;
    const bool has_rows = matrix.rows > 0 && matrix.columns > 0 && keeps_rows(matrix, options_.fast);
    observation.statistics.each([&]<class Statistic>(Statistic& statistic) {
      if (!Statistic::kFast && options_.fast) return;
      if constexpr (requires { statistic.begin(); }) statistic.begin();
      if constexpr (requires { statistic.prepare(matrix.rows, matrix.columns); }) {
        if (has_rows) statistic.prepare(matrix.rows, matrix.columns);
      }
    });
    if (matrix.rows == 0 || matrix.columns == 0) return;
    if (source.group_rows > 0) observation.groups.resize((matrix.rows - 1) / source.group_rows + 1);
  }

  void observe_chunk(const Chunk& chunk, Scratch& scratch, ChunkResult& result, const ChunkObserver::Step& step) {
    const BlockMatrix& matrix = sources_[chunk.source].matrix;
    PieceReading reading(matrix, chunk.n_rows * matrix.columns, options_.way);
    if (reading.way() != ReadingWay::copied) in_place_.store(true, std::memory_order_relaxed);
    ChunkObserver observer(sources_[chunk.source], options_, scratch, reading.way());
    observer.observe(chunk, observations_[chunk.source].statistics, result, step);
    reading.finish();
  }

  // Gives the pages of merged chunks back once there are more than `kept` of them, outside of the lock for merging.
  void release(size_t kept) {
    if (!in_place_.load(std::memory_order_relaxed)) return;
    const size_t end = merged_.load(std::memory_order_acquire);
    size_t begin = released_.load();
    if (end <= begin + kept || !released_.compare_exchange_strong(begin, end)) return;
    while (begin < end) {
      const size_t first = begin;
      while (begin < end && chunks_[begin].source == chunks_[first].source) ++begin;
      release_rows(sources_[chunks_[first].source].matrix, chunks_[first].first_row, chunks_[begin - 1]);
    }
  }

  static void release_rows(const BlockMatrix& matrix, uint64_t first_row, const Chunk& last) {
    const Mapping* mapping = matrix.source == nullptr ? nullptr : matrix.source->mapping();
    if (mapping == nullptr) return;
    const uint64_t n_rows = last.first_row + last.n_rows - first_row;
    mapping->release(matrix.offset + matrix.bytes(first_row * matrix.columns), matrix.bytes(n_rows * matrix.columns));
  }

  void merge(const Chunk& chunk, ChunkResult& result) {
    Observation& observation = observations_[chunk.source];
    const uint64_t group_rows = sources_[chunk.source].group_rows;
    uint64_t group = group_rows > 0 ? chunk.first_row / group_rows : 0;
    for (const Values& segment : result.segments) {
      observation.statistics.merge(segment);
      if (group_rows > 0) observation.groups[group++].merge(segment);
    }
    observation.statistics.append(result.statistics);
  }

  // Integer counts may be added in any order.
  void flush(size_t source, Scratch& scratch) {
    if (options_.fast) return;
    CollectionOf<WorkerStatistics> counted;
    counted.each([&]<class Statistic>(Statistic& statistic) {
      statistic.absorb(static_cast<TargetOf<Statistic>&>(scratch.counters), *sources_[source].matrix.type);
    });
    const std::lock_guard lock(flush_mutex_);
    observations_[source].statistics.merge(counted);
  }

  std::span<const Source> sources_;
  const EngineOptions& options_;
  std::vector<Chunk> chunks_;
  std::vector<Observation> observations_;
  std::mutex flush_mutex_;
  std::atomic<bool> in_place_ = false;  // some chunk was read so
  std::atomic<size_t> merged_ = 0;      // chunks
  std::atomic<size_t> released_ = 0;    // chunks whose pages were given back
};

}  // namespace

std::vector<Observation> observe(std::span<const Source> sources, const EngineOptions& options) {
  auto observations = Run(sources, options).execute();
  for (const Source& source : sources) require_intact(source.matrix);
  return observations;
}

}  // namespace ggufscope
