// The registry of formats: one line per family header. CMake reads the X(…) lines too, so that each family becomes
// one object per instruction set; the type table, the dispatcher, the tests and the documentation follow from here.
#pragma once

#include "formats/legacy.h"
#include "formats/plain.h"

// clang-format off
#define GGUFSCOPE_FAMILIES(X) \
  X(plain) \
  X(legacy)
// clang-format on
