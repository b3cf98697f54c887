// How the exported tables are called: legacy_kernels_avx2, kernels_avx2.
#pragma once

#define GGUFSCOPE_JOIN(a, b) a##b
#define GGUFSCOPE_JOIN3(a, b, c) a##b##c
#define GGUFSCOPE_TEXT(a) #a
#define GGUFSCOPE_NAME(a) GGUFSCOPE_TEXT(a)
#define GGUFSCOPE_FAMILY_KERNELS(family, isa) GGUFSCOPE_JOIN3(family, _kernels_, isa)
#define GGUFSCOPE_ISA_KERNELS(isa) GGUFSCOPE_JOIN(kernels_, isa)
#define GGUFSCOPE_FORMATS_OF(family) GGUFSCOPE_JOIN(family, _formats)
