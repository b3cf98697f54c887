#include "gguf/fault_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>

#include "gguf/error.h"

namespace ggufscope {

constexpr uint64_t kNoFault = UINT64_MAX;

// One guarded range. The handler reads `begin` and `size` and sets `fault`; the rest belongs to `table_mutex`.
struct GuardedSlot {
  std::atomic<uintptr_t> begin{0};  // 0: free
  std::atomic<size_t> size{0};
  std::atomic<uint64_t> fault{kNoFault};  // offset of the first fault
  int descriptor = -1;
  std::string* path = nullptr;
};

namespace {

static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<uint64_t>::is_always_lock_free &&
              std::atomic<FaultMonitor*>::is_always_lock_free);

// Slots are never freed, so the handler can walk them at any moment; a full chunk gets a successor.
struct SlotChunk {
  GuardedSlot slots[64];
  std::atomic<SlotChunk*> next{nullptr};
};

constinit SlotChunk first_chunk;
constinit std::mutex table_mutex;
constinit std::atomic<const struct sigaction*> previous_action{nullptr};
constinit std::atomic<bool> forwarded{false};
constinit std::atomic<size_t> page_size{0};

// Initial-exec, where there is a choice of models: the handler must not be the first to allocate this variable.
#if defined(__ELF__)
[[gnu::tls_model("initial-exec")]]
#endif
constinit thread_local std::atomic<FaultMonitor*> current_monitor{nullptr};

// Lock-free and async-signal-safe: the slot whose range holds `address`.
GuardedSlot* find_slot(uintptr_t address) noexcept {
  for (SlotChunk* chunk = &first_chunk; chunk != nullptr; chunk = chunk->next.load(std::memory_order_acquire)) {
    for (GuardedSlot& slot : chunk->slots) {
      const uintptr_t begin = slot.begin.load(std::memory_order_acquire);
      if (begin == 0 || address < begin || address - begin >= slot.size.load(std::memory_order_acquire)) continue;
      // Taken by another file between the two loads: then it is not the range of this address, which is in use.
      if (slot.begin.load(std::memory_order_acquire) == begin) return &slot;
    }
  }
  return nullptr;
}

// All that lies behind a missing page of a shrunken file is missing too; one mapping for all of it spares a fault
// per page and keeps the number of mappings small.
bool cover_with_zeros(GuardedSlot& slot, uintptr_t address) noexcept {
  const size_t page = page_size.load(std::memory_order_relaxed);
  const uintptr_t begin = slot.begin.load(std::memory_order_relaxed);
  const uintptr_t from = address & ~(page - 1);
  const uintptr_t to = (begin + slot.size.load(std::memory_order_relaxed) + page - 1) & ~(page - 1);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address the signal gave
  return mmap(reinterpret_cast<void*>(from), to - from, PROT_READ,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED;
}

// Hands the signal on. A handler that was there before is called; should it answer by raising the signal again, as
// Python's faulthandler does, the default action ends the process.
void forward(int signal, siginfo_t* info, void* context) noexcept {
  const bool sent = info->si_code <= 0;  // by raise or kill, not by an access
  const struct sigaction* previous = previous_action.load(std::memory_order_acquire);
  const bool with_info = previous != nullptr && (previous->sa_flags & SA_SIGINFO) != 0;
  const bool ignored = previous != nullptr && !with_info && previous->sa_handler == SIG_IGN;
  const bool callable = with_info || (previous != nullptr && !ignored && previous->sa_handler != SIG_DFL);
  if (sent && ignored) return;
  if (callable && !(sent && forwarded.load())) {
    forwarded.store(true);
    if (with_info) {
      previous->sa_sigaction(signal, info, context);
    } else {
      previous->sa_handler(signal);
    }
    return;
  }
  ::signal(signal, SIG_DFL);
  if (sent) raise(signal);  // an access happens again by itself when this returns
}

void on_bus_error(int signal, siginfo_t* info, void* context) noexcept {
  const int saved_errno = errno;
  FaultMonitor* monitor = current_monitor.load(std::memory_order_relaxed);
  if (monitor != nullptr && info->si_code > 0) {
    const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    GuardedSlot* slot = find_slot(address);
    if (slot != nullptr && cover_with_zeros(*slot, address)) {
      uint64_t none = kNoFault;
      slot->fault.compare_exchange_strong(none, address - slot->begin.load(std::memory_order_relaxed));
      monitor->note(slot);
      errno = saved_errno;
      return;
    }
  }
  forward(signal, info, context);
  errno = saved_errno;
}

// Called before each piece of work, because others (faulthandler, test runners) install handlers at any time.
void install_handler() {
  const std::lock_guard lock(table_mutex);
  struct sigaction current = {};
  sigaction(SIGBUS, nullptr, &current);
  if ((current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == on_bus_error) return;
  page_size.store(static_cast<size_t>(sysconf(_SC_PAGESIZE)), std::memory_order_relaxed);
  // Never freed: a handler on another thread may be reading the one before.
  previous_action.store(new struct sigaction(current), std::memory_order_release);
  forwarded.store(false);
  struct sigaction ours = {};
  ours.sa_sigaction = on_bus_error;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  sigaction(SIGBUS, &ours, nullptr);
}

// The size of a file that is shorter than its mapping by now.
std::optional<uint64_t> shrunken_size(const GuardedSlot& slot) {
  struct stat now;
  if (fstat(slot.descriptor, &now) != 0) return std::nullopt;
  const auto size = static_cast<uint64_t>(now.st_size);
  return size < slot.size.load() ? std::optional(size) : std::nullopt;
}

// A page that the file still has and that could not be read is the disk's fault, unless the file shrank and grew again.
[[noreturn]] void fail_faulted(const GuardedSlot& slot) {
  const uint64_t offset = slot.fault.load();
  if (shrunken_size(slot)) fail_shrunken(*slot.path, offset);
  fail_unreadable(*slot.path, offset, EIO);
}

GuardedSlot& free_slot() {
  for (SlotChunk* chunk = &first_chunk;; chunk = chunk->next.load()) {
    for (GuardedSlot& slot : chunk->slots) {
      if (slot.begin.load() == 0) return slot;
    }
    if (chunk->next.load() == nullptr) chunk->next.store(new SlotChunk, std::memory_order_release);
  }
}

}  // namespace

GuardedRange::GuardedRange(const std::byte* begin, size_t size, int descriptor, const std::string& path) {
  auto name = std::make_unique<std::string>(path);
  const std::lock_guard lock(table_mutex);
  slot_ = &free_slot();
  slot_->path = name.release();
  slot_->descriptor = descriptor;
  slot_->fault.store(kNoFault);
  slot_->size.store(size, std::memory_order_release);
  slot_->begin.store(reinterpret_cast<uintptr_t>(begin), std::memory_order_release);
}

GuardedRange::~GuardedRange() {
  const std::lock_guard lock(table_mutex);
  slot_->begin.store(0, std::memory_order_release);
  delete slot_->path;
  slot_->path = nullptr;
}

FaultMonitor::FaultMonitor() { install_handler(); }

void FaultMonitor::note(GuardedSlot* slot) noexcept {
  GuardedSlot* none = nullptr;
  hit_.compare_exchange_strong(none, slot);
}

void FaultMonitor::check() const {
  const GuardedSlot* slot = hit_.load();
  if (slot == nullptr) return;
  const std::lock_guard lock(table_mutex);
  if (slot->path == nullptr) fail_shrunken("a file that is closed by now", slot->fault.load());
  fail_faulted(*slot);
}

FaultScope::FaultScope(FaultMonitor& monitor) : outer_(current_monitor.load(std::memory_order_relaxed)) {
  current_monitor.store(&monitor, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

FaultScope::~FaultScope() {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  current_monitor.store(outer_, std::memory_order_relaxed);
}

void fail_shrunken(const std::string& path, uint64_t offset) {
  throw GGUFError(error_line(path, {"data", ""}, offset, "the file shrank while it was read"));
}

void fail_unreadable(const std::string& path, uint64_t offset, int error) {
  throw GGUFError(error_line(path, {"data", ""}, offset,
                             concat("the file could not be read: ", std::generic_category().message(error))));
}

void require_intact(const std::byte* data, size_t size) {
  if (size == 0) return;
  const std::lock_guard lock(table_mutex);
  const GuardedSlot* slot = find_slot(reinterpret_cast<uintptr_t>(data));
  if (slot == nullptr) return;
  if (slot->fault.load() != kNoFault) fail_faulted(*slot);
  if (const auto now = shrunken_size(*slot)) fail_shrunken(*slot->path, *now);
}

}  // namespace ggufscope
