#include "gguf/reading_ways.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ggufscope {
namespace {

constexpr std::array<const char*, kReadingWays> kNames = {"copied", "populated", "mapped"};

constexpr uint64_t kLeastBytes = uint64_t{1} << 18;  // of a piece that is timed
constexpr size_t kRounds = 7;                        // pieces in each way before the choice
constexpr size_t kMostKinds = 64;                    // that are timed; a hostile file may have millions of them
// A way in place must save so much of the time of copies: less may be chance.
constexpr double kWorthwhile = 0.98;

// Only Linux is known to tell whether a thread had to wait for a disk.
#if defined(__linux__)
constexpr bool kHasChoice = true;
#else
constexpr bool kHasChoice = false;
#endif

uint64_t median(std::vector<uint64_t> times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  return *middle;
}

ReadingWay cheapest(const std::array<std::vector<uint64_t>, kReadingWays>& of_way) {
  size_t best = 0;
  double least = kWorthwhile * static_cast<double>(median(of_way[0]));
  for (size_t i = 1; i < kReadingWays; ++i) {
    const auto time = static_cast<double>(median(of_way[i]));
    if (time >= least) continue;
    best = i;
    least = time;
  }
  return static_cast<ReadingWay>(best);
}

}  // namespace

const char* name_of(ReadingWay way) { return kNames[static_cast<size_t>(way)]; }

ReadingWay reading_way(std::string_view name) {
  const auto* const place = std::ranges::find(kNames, name, [](const char* each) { return std::string_view(each); });
  if (place == kNames.end()) throw std::invalid_argument("no way of reading is called '" + std::string(name) + "'");
  return static_cast<ReadingWay>(place - kNames.begin());
}

ReadingWay ReadingTrial::next(const PieceKind& kind, uint64_t bytes) {
  if (const auto way = chosen()) return *way;
  if (!kHasChoice || bytes < kLeastBytes) return ReadingWay::copied;
  const std::lock_guard lock(mutex_);
  if (times_.size() >= kMostKinds && !times_.contains(kind)) return ReadingWay::copied;
  return static_cast<ReadingWay>(times_[kind].begun++ % kReadingWays);
}

void ReadingTrial::add(const PieceKind& kind, ReadingWay way, uint64_t nanoseconds) {
  if (chosen()) return;
  const std::lock_guard lock(mutex_);
  const auto times = times_.find(kind);
  if (times == times_.end() || chosen()) return;
  auto& of_way = times->second.of_way;
  of_way[static_cast<size_t>(way)].push_back(nanoseconds);
  if (std::ranges::any_of(of_way, [](const auto& each) { return each.size() < kRounds; })) return;
  choose(cheapest(of_way));
}

void ReadingTrial::choose(ReadingWay way) { chosen_.store(static_cast<int>(way), std::memory_order_relaxed); }

std::optional<ReadingWay> ReadingTrial::chosen() const {
  const int way = chosen_.load(std::memory_order_relaxed);
  return way == kNone ? std::nullopt : std::optional(static_cast<ReadingWay>(way));
}

}  // namespace ggufscope
