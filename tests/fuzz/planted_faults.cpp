// Breaks a promise to the core, so that a sanitizer must speak: were kernels or the engine not instrumented, or a
// sanitizer not there, nothing would, and the other programs would prove nothing. The argument says which promise:
//
//   bounds ISA   blocks end before those that a kernel of this instruction set is told to decode   AddressSanitizer
//   undefined    no thread at all, so that the work is divided by zero                              UBSan
//   race         two threads write the same products                                                ThreadSanitizer
//
// Prints a line, and exits as usual, where nobody spoke.
#include <barrier>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

#include "fuzz/input.h"
#include "kernels/dispatch.h"
#include "stream/multiply.h"
#include "stream/products.h"

namespace ggufscope {
namespace {

void read_beyond_bounds(std::string_view isa) {
  const TypeInfo& type = *find_type("Q4_K");
  const Bytes blocks(type.bytes_per_block);
  std::vector<float> weights(size_t{2} * type.elements_per_block);
  kernels(isa).format(type.id).decode(blocks.data(), 2, weights.data());
  std::printf("%g\n", static_cast<double>(weights.back()));
}

void divide_by_zero() {
  const std::vector<float> weights(64, 1.0F);
  const BlockMatrix matrix{find_type("F32"), 1, 64, reinterpret_cast<const std::byte*>(weights.data())};
  float result = 0;
  multiply_few({matrix, weights.data(), 1, &result}, 0, kernels());
}

// A product takes and gives back memory under a lock, which puts two of them in order unless they overlap. So both
// start together, last longer than a system lets one thread run, and do it again.
void race() {
  constexpr uint64_t kRows = 1 << 20;
  constexpr int kTimes = 16;
  const std::vector<float> weights(kRows, 1.0F);
  const double vector = 1.0;
  std::vector<double> results(kRows);
  const BlockMatrix matrix{find_type("F32"), kRows, 1, reinterpret_cast<const std::byte*>(weights.data())};
  std::barrier start(2);
  const auto multiply = [&] {
    for (int i = 0; i < kTimes; ++i) {
      start.arrive_and_wait();
      row_products({matrix, matrix, true, &vector, nullptr, results.data(), nullptr, 1, 0}, 1, kernels());
    }
  };
  const std::jthread one(multiply);
  const std::jthread other(multiply);
}

bool plant(std::string_view fault, std::string_view isa) {
  if (fault == "bounds") {
    read_beyond_bounds(isa);
  } else if (fault == "undefined") {
    divide_by_zero();
  } else if (fault == "race") {
    race();
  } else {
    return false;
  }
  return true;
}

}  // namespace
}  // namespace ggufscope

int main(int argc, char** argv) {
  if (argc < 2 || !ggufscope::plant(argv[1], argc < 3 ? "generic" : argv[2])) {
    std::fprintf(stderr, "planted_faults: bounds ISA, undefined or race\n");
    return 2;
  }
  std::printf("no sanitizer spoke\n");
}
