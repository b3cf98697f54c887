#include "stream/factors.h"

#include <algorithm>
#include <bit>

namespace ggufscope {
namespace {

void multiply(float* decoded, size_t count, float factor) {
  for (size_t i = 0; i < count; ++i) decoded[i] *= factor;
}

// Where each factor is of whole rows.
void apply_to_rows(const Factors& factors, uint64_t width, uint64_t first, size_t count, float* decoded) {
  const uint64_t run = factors.rows * width;  // elements of one factor
  for (size_t done = 0; done < count;) {
    const uint64_t part = (first + done) / run;
    const auto end = static_cast<size_t>(std::min<uint64_t>(count, (part + 1) * run - first));
    multiply(decoded + done, end - done, factors.values[part]);
    done = end;
  }
}

}  // namespace

void Factors::apply(uint64_t width, uint64_t first, size_t count, float* decoded) const {
  if (empty()) return;
  if (columns >= width) {
    apply_to_rows(*this, width, first, count, decoded);
    return;
  }
  const uint64_t across = (width + columns - 1) / columns;
  uint64_t row = first / width;
  uint64_t column = first % width;
  for (size_t done = 0; done < count; ++row, column = 0) {
    const float* of_row = values.data() + row / rows * across;
    const auto row_end = static_cast<size_t>(std::min<uint64_t>(count, done + (width - column)));
    for (uint64_t part = column / columns; done < row_end; ++part) {
      const uint64_t last = std::min(width, (part + 1) * columns);
      const auto end = static_cast<size_t>(std::min<uint64_t>(row_end, done + (last - column)));
      multiply(decoded + done, end - done, of_row[part]);
      done = end;
      column = last;
    }
  }
}

bool Factors::same_as(const Factors& other) const {
  const auto same = [](float a, float b) { return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b); };
  return rows == other.rows && columns == other.columns && std::ranges::equal(values, other.values, same);
}

}  // namespace ggufscope
