// The ways in which the bytes of a mapped file come to the threads that work on them, and the choice between them.
//
//   copied     page cache ──pread──▶ a window in the L2 cache
//   populated  page cache, mapped by one call for a window of it, read where it lies
//   mapped     page cache, read where it lies; its pages fault as they are touched
//
// Which of them costs least differs between machines: fast profiles gain a tenth on Zen 4 where nothing is copied,
// and nothing on Sapphire Rapids. So the first pieces of a file are read in all ways by turns, and the others in the
// one that took the least time of the processor, the work on the bytes included. What comes of the work does not depend
// on it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace ggufscope {

enum class ReadingWay : uint8_t { copied, populated, mapped };

inline constexpr size_t kReadingWays = 3;

const char* name_of(ReadingWay way);

/// Throws std::invalid_argument for a word that is none of the names.
ReadingWay reading_way(std::string_view name);

/// Pieces that take the same time, but for the way in which they are read: of one type, and of one size.
using PieceKind = std::pair<uint32_t, uint64_t>;

/// The choice for one file, by any number of threads.
class ReadingTrial {
 public:
  /// The way for the next piece of that kind. Small pieces, whose times say little, are copied until all is decided.
  ReadingWay next(const PieceKind& kind, uint64_t bytes);

  /// A piece that was read in the way that next() gave took so long.
  void add(const PieceKind& kind, ReadingWay way, uint64_t nanoseconds);

  /// A piece that was read in place had to wait for a disk: from now on all are copied, because the system reads ahead
  /// of copies better than of faults.
  void add_wait() { choose(ReadingWay::copied); }

  /// nullopt while the pieces so far have not shown it.
  std::optional<ReadingWay> chosen() const;

 private:
  struct Times {
    size_t begun = 0;
    std::array<std::vector<uint64_t>, kReadingWays> of_way;
  };
  static constexpr int kNone = -1;

  void choose(ReadingWay way);

  std::mutex mutex_;
  std::atomic<int> chosen_ = kNone;
  std::map<PieceKind, Times> times_;
};

}  // namespace ggufscope
