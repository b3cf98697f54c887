#include "dispatch.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>

#include "formats/all.h"
#include "kernels/names.h"

namespace ggufscope {

// One declaration per exported table: families × instruction sets of this build.
#define GGUFSCOPE_DECLARE_GENERIC(family) extern const FamilyKernels GGUFSCOPE_FAMILY_KERNELS(family, generic);
GGUFSCOPE_FAMILIES(GGUFSCOPE_DECLARE_GENERIC)
#if defined(GGUFSCOPE_HAS_AVX2)
#define GGUFSCOPE_DECLARE_AVX2(family) extern const FamilyKernels GGUFSCOPE_FAMILY_KERNELS(family, avx2);
GGUFSCOPE_FAMILIES(GGUFSCOPE_DECLARE_AVX2)
#endif
#if defined(GGUFSCOPE_HAS_AVX512)
#define GGUFSCOPE_DECLARE_AVX512(family) extern const FamilyKernels GGUFSCOPE_FAMILY_KERNELS(family, avx512);
GGUFSCOPE_FAMILIES(GGUFSCOPE_DECLARE_AVX512)
#endif

namespace {

struct InstructionSet {
  std::string_view name;
  bool (*runs_here)();
  std::vector<FamilyKernels> (*families)();
};

// __builtin_cpu_supports asks the CPU and, through XGETBV, whether the operating system saves the registers.
const InstructionSet kInstructionSets[] = {
#define GGUFSCOPE_TABLE(family) GGUFSCOPE_FAMILY_KERNELS(family, generic),
    {"generic", [] { return true; }, [] { return std::vector<FamilyKernels>{GGUFSCOPE_FAMILIES(GGUFSCOPE_TABLE)}; }},
#undef GGUFSCOPE_TABLE
#if defined(GGUFSCOPE_HAS_AVX2)
#define GGUFSCOPE_TABLE(family) GGUFSCOPE_FAMILY_KERNELS(family, avx2),
    {"avx2",
     [] {
       return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("f16c") != 0 &&
              __builtin_cpu_supports("popcnt") != 0 && __builtin_cpu_supports("bmi2") != 0;
     },
     [] { return std::vector<FamilyKernels>{GGUFSCOPE_FAMILIES(GGUFSCOPE_TABLE)}; }},
#undef GGUFSCOPE_TABLE
#endif
#if defined(GGUFSCOPE_HAS_AVX512)
#define GGUFSCOPE_TABLE(family) GGUFSCOPE_FAMILY_KERNELS(family, avx512),
    {"avx512",
     [] {
       return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
              __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
              __builtin_cpu_supports("f16c") != 0 && __builtin_cpu_supports("popcnt") != 0 &&
              __builtin_cpu_supports("bmi2") != 0;
     },
     [] { return std::vector<FamilyKernels>{GGUFSCOPE_FAMILIES(GGUFSCOPE_TABLE)}; }},
#undef GGUFSCOPE_TABLE
#endif
};

KernelTable build_table(const InstructionSet& set) {
  KernelTable table{set.name, {}};
  for (const FamilyKernels& family : set.families()) {
    table.formats.insert(table.formats.end(), family.formats, family.formats + family.n_formats);
  }
  return table;
}

std::string join(const std::vector<std::string_view>& names) {
  std::string text;
  for (const auto& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace

const FormatKernels& KernelTable::format(uint32_t type) const {
  const auto found = std::ranges::find(formats, type, &FormatKernels::type);
  if (found == formats.end()) throw std::invalid_argument("no kernels for ggml type " + std::to_string(type));
  return *found;
}

std::vector<std::string_view> available_isas() {
  std::vector<std::string_view> names;
  for (const auto& set : kInstructionSets) {
    if (set.runs_here()) names.push_back(set.name);
  }
  return names;
}

const KernelTable& kernels(std::string_view isa) {
  static const std::map<std::string_view, KernelTable> tables = [] {
    std::map<std::string_view, KernelTable> built;
    for (const auto& set : kInstructionSets) {
      if (set.runs_here()) built.emplace(set.name, build_table(set));
    }
    return built;
  }();
  const auto found = tables.find(isa);
  if (found == tables.end()) {
    throw std::invalid_argument("instruction set '" + std::string(isa) + "' cannot run here; available: " +
                                join(available_isas()));
  }
  return found->second;
}

const KernelTable& kernels() {
  static const KernelTable& chosen = [&]() -> const KernelTable& {
    const char* forced = std::getenv("GGUFSCOPE_ISA");
    return kernels(forced != nullptr && *forced != '\0' ? std::string_view(forced) : available_isas().back());
  }();
  return chosen;
}

}  // namespace ggufscope
