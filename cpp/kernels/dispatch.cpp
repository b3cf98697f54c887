#include "kernels/dispatch.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <string>

#include "kernels/names.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ggufscope {

// The tables of this build's instruction sets; CMake says which there are.
extern const IsaKernels GGUFSCOPE_ISA_KERNELS(generic);
extern const IsaKernels GGUFSCOPE_ISA_KERNELS(neon);
extern const IsaKernels GGUFSCOPE_ISA_KERNELS(avx2);
extern const IsaKernels GGUFSCOPE_ISA_KERNELS(avx512);
extern const IsaKernels GGUFSCOPE_ISA_KERNELS(avx512icl);

namespace {

struct InstructionSet {
  const IsaKernels* kernels;
  bool (*runs_here)();
};

#if defined(__x86_64__)
// __builtin_cpu_supports asks the CPU and, through XGETBV, whether the operating system saves the registers. Clang 16
// has no name for F16C there; the bit itself will do, beside an AVX2 that is usable.
[[maybe_unused]] bool has_f16c() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

[[maybe_unused]] bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c() &&
         __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

[[maybe_unused]] bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

[[maybe_unused]] bool has_avx512icl() {
  return has_avx512() && __builtin_cpu_supports("gfni") && __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vpopcntdq");
}
#endif

// Slowest first.
const InstructionSet kInstructionSets[] = {
    {&GGUFSCOPE_ISA_KERNELS(generic), [] { return true; }},
#if defined(GGUFSCOPE_HAS_NEON)  // part of every AArch64 CPU
    {&GGUFSCOPE_ISA_KERNELS(neon), [] { return true; }},
#endif
#if defined(GGUFSCOPE_HAS_AVX2)
    {&GGUFSCOPE_ISA_KERNELS(avx2), has_avx2},
#endif
#if defined(GGUFSCOPE_HAS_AVX512)
    {&GGUFSCOPE_ISA_KERNELS(avx512), has_avx512},
#endif
#if defined(GGUFSCOPE_HAS_AVX512ICL)
    {&GGUFSCOPE_ISA_KERNELS(avx512icl), has_avx512icl},
#endif
};

KernelTable build_table(const InstructionSet& set) {
  const IsaKernels& isa = *set.kernels;
  KernelTable table{isa.isa, {}, isa.statistics, *isa.products, *isa.pairs, isa.stream};
  for (size_t i = 0; i < isa.n_families; ++i) {
    const FamilyKernels& family = *isa.families[i];
    table.formats.insert(table.formats.end(), family.formats, family.formats + family.n_formats);
  }
  return table;
}

std::string join(const std::vector<std::string_view>& names) {
  std::string text;
  for (const auto& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

std::string refusal(std::string_view isa) {
  const bool built = std::ranges::any_of(kInstructionSets, [&](const auto& set) { return isa == set.kernels->isa; });
  return "instruction set '" + std::string(isa) + "' is not " +
         (built ? "supported by this machine" : "part of this build") + "; available here: " + join(available_isas());
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
    if (set.runs_here()) names.emplace_back(set.kernels->isa);
  }
  return names;
}

const KernelTable& kernels(std::string_view isa) {
  static const std::deque<KernelTable> tables = [] {
    std::deque<KernelTable> built;
    for (const auto& set : kInstructionSets) {
      if (set.runs_here()) built.push_back(build_table(set));
    }
    return built;
  }();
  const auto found = std::ranges::find(tables, isa, &KernelTable::isa);
  if (found == tables.end()) throw std::invalid_argument(refusal(isa));
  return *found;
}

const KernelTable& kernels() {
  static const KernelTable& chosen = []() -> const KernelTable& {
    const char* forced = std::getenv("GGUFSCOPE_ISA");
    if (forced == nullptr || *forced == '\0') return kernels(available_isas().back());
    try {
      return kernels(forced);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument("GGUFSCOPE_ISA=" + std::string(forced) + ": " + error.what());
    }
  }();
  return chosen;
}

}  // namespace ggufscope
