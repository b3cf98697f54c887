// The registry of formats: one line per family header. CMake reads the X(…) lines too, so that each family becomes
// one object per instruction set; the type table, the dispatcher, the tests and the documentation follow from here.
#pragma once

#include "formats/checkpoint.h"
#include "formats/fp4.h"
#include "formats/iq1.h"
#include "formats/iq2.h"
#include "formats/iq3.h"
#include "formats/iq4.h"
#include "formats/k_quants.h"
#include "formats/legacy.h"
#include "formats/plain.h"
#include "formats/ternary.h"

// clang-format off
#define GGUFSCOPE_FAMILIES(X) \
  X(plain) \
  X(legacy) \
  X(ternary) \
  X(fp4) \
  X(k_quants) \
  X(iq1) \
  X(iq2) \
  X(iq3) \
  X(iq4) \
  X(checkpoint)
// clang-format on
