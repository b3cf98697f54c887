#include "stream/piece_reading.h"

#include <sys/resource.h>
#include <time.h>

namespace ggufscope {
namespace {

// Pages of mappings that this thread has waited for.
int64_t count_waits() {
#if defined(__linux__)
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_majflt;
#else
  return 0;
#endif
}

// Nanoseconds of the processor that this thread has had: other programs on the machine do not count.
uint64_t processor_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace

PieceReading::PieceReading(const BlockMatrix& matrix, uint64_t elements, std::optional<ReadingWay> way)
    : mapping_(matrix.source == nullptr ? nullptr : matrix.source->mapping()), kind_(matrix.type->id, elements) {
  if (mapping_ == nullptr) return;
  if (way) {
    way_ = *way;
    return;
  }
  trial_ = &mapping_->trial();
  way_ = trial_->next(kind_, matrix.bytes(elements));
  if (way_ != ReadingWay::copied) waits_ = count_waits();
  if (!trial_->chosen()) begin_ = processor_time();
}

void PieceReading::finish() {
  if (mapping_ == nullptr) return;
  if (way_ != ReadingWay::copied) mapping_->require_intact();
  if (trial_ == nullptr) return;
  if (way_ != ReadingWay::copied && count_waits() > waits_) {
    trial_->add_wait();
    return;
  }
  if (begin_ > 0) trial_->add(kind_, way_, processor_time() - begin_);
}

}  // namespace ggufscope
