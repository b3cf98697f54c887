// The statistics, built for one instruction set.
#include "simd/lanes.h"

namespace ggufscope {}
