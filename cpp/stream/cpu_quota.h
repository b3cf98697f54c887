// The CPU time that a container grants, which no affinity tells.
#pragma once

#include <optional>
#include <string>

namespace ggufscope {

/// The cores that this process may keep busy by the quotas of its control groups, rounded up and at least 1; nullopt
/// where none limits it. Of all groups from the process's own up to the root, the smallest counts. `root` is the
/// directory that holds proc and sys.
///
///   version 2   sys/fs/cgroup/GROUP/cpu.max                           "QUOTA PERIOD", or "max PERIOD"
///   version 1   sys/fs/cgroup/CONTROLLERS/GROUP/cpu.cfs_quota_us      "QUOTA", −1 for none
///                                               cpu.cfs_period_us     "PERIOD"
///
/// Files that are missing or say something else set no limit, and no error either: a quota is only advice on how many
/// threads to start, and where it cannot be read the affinity counts, which is right wherever there is no container.
std::optional<int> cpu_quota(const std::string& root = "/");

}  // namespace ggufscope
