#include "stream/cpu_quota.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

namespace ggufscope {
namespace {

using Path = std::filesystem::path;
using Quota = std::optional<int>;

Quota smaller(Quota a, Quota b) {
  if (!a || !b) return a ? a : b;
  return std::min(a, b);
}

Quota cores_of(int64_t quota, int64_t period) {
  constexpr int64_t kMost = 1 << 20;  // beyond any machine
  if (quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<int>(std::min(quota / period + (quota % period == 0 ? 0 : 1), kMost));
}

// Whole numbers parted by blanks; nothing where there is anything else.
std::vector<int64_t> numbers_in(const Path& path) {
  std::ifstream file(path);
  std::vector<int64_t> numbers;
  for (int64_t number = 0; file >> number;) numbers.push_back(number);
  return file.eof() ? numbers : std::vector<int64_t>{};
}

Quota quota_in(const Path& directory) {  // of one group, by whichever version has its files there
  const auto both = numbers_in(directory / "cpu.max");
  const auto quota = numbers_in(directory / "cpu.cfs_quota_us");
  const auto period = numbers_in(directory / "cpu.cfs_period_us");
  if (both.size() == 2) return cores_of(both[0], both[1]);
  return quota.size() == 1 && period.size() == 1 ? cores_of(quota[0], period[0]) : std::nullopt;
}

// Of a group and those above it. A container may see its own group as the root while it is called by its name outside:
// directories that are not there are passed over on the way up.
Quota quota_up_to_root(const Path& mount, const std::string& group) {
  Path path = Path(group).relative_path();
  if (std::ranges::find(path, Path("..")) != path.end()) path.clear();  // outside of what is mounted
  Quota least = quota_in(mount);
  for (; !path.empty(); path = path.parent_path()) least = smaller(least, quota_in(mount / path));
  return least;
}

bool has_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    const size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "cpu") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

// A line "4:cpu,cpuacct:/docker/…", or "0::/docker/…" of version 2.
Quota quota_of_line(const Path& mounts, const std::string& line) {
  const size_t first = line.find(':');
  const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
  if (second == std::string::npos) return std::nullopt;
  const std::string controllers = line.substr(first + 1, second - first - 1);
  const std::string group = line.substr(second + 1);
  if (controllers.empty()) return quota_up_to_root(mounts, group);
  if (!has_cpu(controllers)) return std::nullopt;
  return smaller(quota_up_to_root(mounts / controllers, group), quota_up_to_root(mounts / "cpu", group));
}

}  // namespace

std::optional<int> cpu_quota(const std::string& root) {
  std::ifstream groups(Path(root) / "proc/self/cgroup");
  Quota least;
  for (std::string line; std::getline(groups, line);) {
    least = smaller(least, quota_of_line(Path(root) / "sys/fs/cgroup", line));
  }
  return least;
}

}  // namespace ggufscope
