// The vocabulary of the instruction set this unit is built for. CMake defines GGUFSCOPE_ISA_<NAME> for kernel
// units; every other unit gets the generic header.
#pragma once

#if defined(GGUFSCOPE_ISA_AVX512) || defined(GGUFSCOPE_ISA_AVX512ICL)
#include "simd/avx512.h"
#elif defined(GGUFSCOPE_ISA_AVX2)
#include "simd/avx2.h"
#elif defined(GGUFSCOPE_ISA_NEON)
#include "simd/neon.h"
#else
#include "simd/generic.h"
#endif

namespace ggufscope {
namespace {

/// Makes the compiler leave what was computed as a vector in memory: reading one lane from there costs nothing beside
/// the operation that uses it. GCC would see through the array and permute registers, on the busiest port.
template <class Lane, int N>
inline void keep_in_memory(Lane (&lanes)[N]) {
  asm("" : "+m"(lanes));
}

}  // namespace
}  // namespace ggufscope
