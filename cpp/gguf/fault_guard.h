// Keeps the process alive when a mapped file shrinks underneath it.
//
// Reading a mapped page that the file no longer has raises SIGBUS, which by default ends the process. Threads that
// read mapped files enter a FaultScope; when one of them faults inside a GuardedRange, the handler puts zero pages
// over the rest of that range, so that the read goes on, and notes it. FaultMonitor::check then throws. Faults
// anywhere else, and in threads outside a scope, go to the handler that was there before.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace ggufscope {

struct GuardedSlot;

/// Registers a mapping with the handler for as long as it lives.
class GuardedRange {
 public:
  /// `descriptor` must stay open as long as this object; `path` is what errors call the file.
  GuardedRange(const std::byte* begin, size_t size, int descriptor, const std::string& path);
  ~GuardedRange();
  GuardedRange(const GuardedRange&) = delete;
  GuardedRange& operator=(const GuardedRange&) = delete;

 private:
  GuardedSlot* slot_;
};

/// Collects the faults of one piece of work, on however many threads it runs.
class FaultMonitor {
 public:
  FaultMonitor();
  FaultMonitor(const FaultMonitor&) = delete;
  FaultMonitor& operator=(const FaultMonitor&) = delete;

  /// Throws GGUFError, naming file and offset, if a thread faulted inside a scope of this monitor.
  void check() const;

  /// For the signal handler only.
  void note(GuardedSlot* slot) noexcept;

 private:
  std::atomic<GuardedSlot*> hit_{nullptr};
};

/// The calling thread works for `monitor` while this lives. Scopes nest.
class FaultScope {
 public:
  explicit FaultScope(FaultMonitor& monitor);
  ~FaultScope();
  FaultScope(const FaultScope&) = delete;
  FaultScope& operator=(const FaultScope&) = delete;

 private:
  FaultMonitor* outer_;
};

/// Throws GGUFError: the file ends at `offset`.
[[noreturn]] void fail_shrunken(const std::string& path, uint64_t offset);

/// Throws GGUFError: the file has bytes at `offset`, and reading them failed with an errno.
[[noreturn]] void fail_unreadable(const std::string& path, uint64_t offset, int error);

/// Throws GGUFError if [data, data + size) touches a mapped file that has shrunk. Call it after reading: a file cut
/// inside its last page, or under another thread's scope, reads as zeros without a fault of one's own.
void require_intact(const std::byte* data, size_t size);

/// Runs work() in a scope of its own. A fault explains whatever else went wrong, so it is reported first.
template <class Work>
std::invoke_result_t<Work&> guarded(Work&& work) {
  FaultMonitor monitor;
  const auto run = [&]() -> std::invoke_result_t<Work&> {
    const FaultScope scope(monitor);
    try {
      return work();
    } catch (...) {
      monitor.check();
      throw;
    }
  };
  if constexpr (std::is_void_v<std::invoke_result_t<Work&>>) {
    run();
    monitor.check();
  } else {
    auto result = run();
    monitor.check();
    return result;
  }
}

}  // namespace ggufscope
