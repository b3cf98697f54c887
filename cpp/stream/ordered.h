// Work in pieces over threads, its results in order.
//
//   pieces 0 1 2 3 4 …  ──claim──▶ a thread's worker ──▶ result in a slot ──merge, in the order of the pieces──▶
//
// Workers take pieces in order and finish them in any. A result waits in a slot until all earlier ones are merged; with
// every slot taken, a worker that runs ahead waits. So the results are merged in one order whatever the number of
// threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "stream/parallel.h"

namespace ggufscope {

struct OrderedWork {
  size_t n;        // pieces
  int threads;     // at most
  size_t results;  // in memory at once, at most; at least 1
  /// Called now and then in the calling thread with what has been done; may throw to cancel. May be empty. Not a copy:
  /// a function may hold what must not be copied in a thread without the interpreter's lock.
  const std::function<void(uint64_t)>& progress;
};

/// Counts what is done, tells so, and hears whether to go on. Shared by the workers.
class Progress {
 public:
  explicit Progress(const std::function<void(uint64_t)>& report) : report_(report) {}

  /// `caller`: in the calling thread. False once the work is cancelled.
  bool add(uint64_t done, bool caller) {
    done_ += done;
    if (caller) tell();
    return !cancelled_;
  }
  /// In the calling thread: reports if the last time was a while ago.
  void tell() {
    const auto now = std::chrono::steady_clock::now();
    if (!report_ || now - last_ < std::chrono::milliseconds(50)) return;
    last_ = now;
    report_(done_);
  }
  void tell_end() const {
    if (report_) report_(done_);
  }
  void cancel() { cancelled_ = true; }
  bool cancelled() const { return cancelled_; }

 private:
  const std::function<void(uint64_t)>& report_;
  std::atomic<uint64_t> done_ = 0;
  std::atomic<bool> cancelled_ = false;
  std::chrono::steady_clock::time_point last_;
};

/// A worker's side of its thread.
class Turn {
 public:
  Turn(Progress& progress, bool caller) : progress_(progress), caller_(caller) {}

  /// So much more is done. False: leave the piece as it is, the work is cancelled.
  bool step(uint64_t done) { return progress_.add(done, caller_); }
  bool cancelled() const { return progress_.cancelled(); }

 private:
  Progress& progress_;
  bool caller_;
};

/// Results in flight.
template <class Result>
class Slots {
 public:
  Slots(size_t count, size_t n, Progress& progress)
      : results_(count), done_(count, false), n_(n), progress_(progress) {}

  /// The next piece to work on, or n when there is none (left). `caller`: reports progress while it waits.
  size_t claim(bool caller) {
    std::unique_lock lock(mutex_);
    wait(lock, caller, [&] { return claimed_ == n_ || claimed_ < merged_ + results_.size(); });
    return progress_.cancelled() || claimed_ == n_ ? n_ : claimed_++;
  }

  /// In the calling thread: waits for the pieces of all workers.
  void wait_for_all() {
    std::unique_lock lock(mutex_);
    wait(lock, true, [&] { return merged_ == n_; });
  }

  Result& result(size_t piece) { return results_[piece % results_.size()]; }

  /// Marks a piece finished and merges, in order, every one that is ready.
  template <class Merge>
  void finish(size_t piece, Merge& merge) {
    const std::lock_guard lock(mutex_);
    done_[piece % done_.size()] = true;
    for (; merged_ < n_ && done_[merged_ % done_.size()]; ++merged_) {
      merge(merged_, result(merged_));
      done_[merged_ % done_.size()] = false;
    }
    changed_.notify_all();
  }

  void cancel() {
    const std::lock_guard lock(mutex_);
    progress_.cancel();
    changed_.notify_all();
  }

 private:
  template <class Ready>
  void wait(std::unique_lock<std::mutex>& lock, bool caller, Ready ready) {
    const auto go_on = [&] { return progress_.cancelled() || ready(); };
    while (!changed_.wait_for(lock, std::chrono::milliseconds(50), go_on)) {
      lock.unlock();
      if (caller) progress_.tell();  // a piece may be so long that others wait for seconds
      lock.lock();
    }
  }

  std::vector<Result> results_;
  std::vector<bool> done_;
  size_t n_;
  Progress& progress_;
  size_t claimed_ = 0;
  size_t merged_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Runs all pieces and returns when all are merged, or rethrows the first exception (see run_workers).
///
///   make_worker(Turn&) → Worker        in each thread, whose memory it may hold
///   worker.work(piece, Result&)        its pieces, ascending; the result may hold what an earlier piece left
///   worker.finish()                    after its last piece; also where the work was cancelled without an exception
///   merge(piece, Result&)              in order, by one thread at a time
template <class Result, class MakeWorker, class Merge>
void in_order(const OrderedWork& work, MakeWorker make_worker, Merge merge) {
  Progress progress(work.progress);
  Slots<Result> slots(work.results, work.n, progress);
  const auto run = [&](int thread) {
    const bool caller = thread == 0;
    try {
      Turn turn(progress, caller);
      auto worker = make_worker(turn);
      for (size_t piece = slots.claim(caller); piece < work.n; piece = slots.claim(caller)) {
        worker.work(piece, slots.result(piece));
        slots.finish(piece, merge);
      }
      worker.finish();
      if (caller) slots.wait_for_all();
    } catch (...) {
      slots.cancel();
      throw;
    }
  };
  const size_t workers = std::min({static_cast<size_t>(work.threads), work.n, work.results});
  if (workers > 0) run_workers(static_cast<int>(workers), run);
  progress.tell_end();
}

}  // namespace ggufscope
