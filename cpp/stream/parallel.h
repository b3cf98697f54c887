// Worker threads for the engine: a fixed environment for floating point, and errors carried to the caller.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

namespace ggufscope {

/// IEEE arithmetic for a scope: round to nearest, denormals kept, whatever the calling thread had set.
class FloatingPointScope {
 public:
  FloatingPointScope();
  ~FloatingPointScope();
  FloatingPointScope(const FloatingPointScope&) = delete;
  FloatingPointScope& operator=(const FloatingPointScope&) = delete;

 private:
  alignas(8) unsigned char saved_[64];
};

/// The cores this process may run on, or as many as its container's quota (cpu_quota.h) keeps busy where those are
/// fewer.
int usable_cores();

/// The same under another quota; nullopt: none.
int usable_cores(std::optional<int> quota);

/// Buffers smaller than this are handled by the calling thread: starting others costs more than it saves.
inline constexpr size_t kSmallBytes = size_t{4} << 20;

/// Runs work(worker) for worker = 0 … workers − 1, each in a FloatingPointScope, worker 0 in the calling thread. Where
/// the system has no thread for one, the others are left to do its share: whatever work() does, it must claim.
/// Returns when all have finished; rethrows the exception of the calling thread, because those of others may follow
/// from it (a read that was cancelled), or else the first. Workers may read mapped files: when one of those has
/// shrunk, this throws GGUFError (see gguf/fault_guard.h).
void run_workers(int workers, const std::function<void(int)>& work);

}  // namespace ggufscope
