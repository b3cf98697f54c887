#include "stream/parallel.h"

#include <algorithm>
#include <cfenv>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "gguf/fault_guard.h"
#include "stream/cpu_quota.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace ggufscope {

FloatingPointScope::FloatingPointScope() {
  static_assert(sizeof(std::fenv_t) <= sizeof saved_);
  std::fenv_t environment;
  std::fegetenv(&environment);
  std::memcpy(saved_, &environment, sizeof environment);
  std::fesetenv(FE_DFL_ENV);
}

FloatingPointScope::~FloatingPointScope() {
  std::fenv_t environment;
  std::memcpy(&environment, saved_, sizeof environment);
  std::fesetenv(&environment);
}

namespace {

int cores_of_affinity() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  const unsigned cores = std::thread::hardware_concurrency();
  return cores == 0 ? 1 : static_cast<int>(cores);
}

// Threads that are joined when this goes. std::jthread would do, but libc++ has it without a flag only since LLVM 20,
// and Apple's is older.
struct JoinedThreads {
  std::vector<std::thread> threads;
  JoinedThreads() = default;
  JoinedThreads(const JoinedThreads&) = delete;
  JoinedThreads& operator=(const JoinedThreads&) = delete;
  ~JoinedThreads() {
    for (std::thread& thread : threads) thread.join();
  }
};

// False where the system gives no more threads: then those there are do all of the work.
template <class Run>
bool started(std::vector<std::thread>& threads, const Run& run, int worker) {
  try {
    threads.emplace_back(run, worker);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

int usable_cores(std::optional<int> quota) {
  const int cores = cores_of_affinity();
  return quota ? std::min(cores, *quota) : cores;
}

int usable_cores() {
  static const std::optional<int> quota = cpu_quota();  // read once: it takes longer than a small call
  return usable_cores(quota);
}

void run_workers(int workers, const std::function<void(int)>& work) {
  FaultMonitor monitor;
  std::mutex mutex;
  std::exception_ptr first;
  const auto run = [&](int worker) {
    const FloatingPointScope arithmetic;
    const FaultScope faults(monitor);
    try {
      work(worker);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first || worker == 0) first = std::current_exception();
    }
  };
  {
    JoinedThreads joined;
    for (int worker = 1; worker < workers && started(joined.threads, run, worker); ++worker) continue;
    run(0);
  }
  monitor.check();  // first, because it explains whatever else went wrong
  if (first) std::rethrow_exception(first);
}

}  // namespace ggufscope
