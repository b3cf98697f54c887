// Memory that one call leaves for the next, because making its pages anew takes longer than a small call.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace ggufscope {

/// Keeps a few pieces of memory for the whole process, whatever the number of its threads. Never destroyed, as a thread
/// may still work while the process exits; without a lock, so that a forked process can take from it.
template <class Memory>
class KeptMemory {
 public:
  static constexpr size_t kMost = 4;

  /// A kept piece, or a new one.
  std::unique_ptr<Memory> take() {
    for (auto& place : kept_) {
      if (Memory* memory = place.exchange(nullptr)) return std::unique_ptr<Memory>(memory);
    }
    return std::make_unique<Memory>();
  }

  /// Keeps a piece where there is room, and else frees it.
  void give(std::unique_ptr<Memory> memory) {
    for (auto& place : kept_) {
      Memory* nothing = nullptr;
      if (!place.compare_exchange_strong(nothing, memory.get())) continue;
      static_cast<void>(memory.release());
      return;
    }
  }

 private:
  std::atomic<Memory*> kept_[kMost] = {};
};

}  // namespace ggufscope
