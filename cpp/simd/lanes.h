// The vocabulary of the instruction set this unit is built for. CMake defines GGUFSCOPE_ISA_<NAME> for kernel
// units; every other unit gets the generic header.
#pragma once

#if defined(GGUFSCOPE_ISA_AVX512)
#include "simd/avx512.h"
#elif defined(GGUFSCOPE_ISA_AVX2)
#include "simd/avx2.h"
#else
#include "simd/generic.h"
#endif
