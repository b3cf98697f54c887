#include "gguf/row_order.h"

#include <stdexcept>
#include <utility>

#include "gguf/error.h"

namespace ggufscope {

RowOrder RowOrder::of_heads(Kind kind, uint64_t rows, uint64_t heads) {
  if (heads == 0 || rows % heads != 0 || rows / heads % 2 != 0) {
    throw std::invalid_argument(concat(rows, " rows are not two halves of each of ", heads, " heads"));
  }
  RowOrder order(kind, rows);
  order.half_ = rows / heads / 2;
  return order;
}

RowOrder RowOrder::halves_to_pairs(uint64_t rows, uint64_t heads) {
  return of_heads(Kind::halves_to_pairs, rows, heads);
}

RowOrder RowOrder::pairs_to_halves(uint64_t rows, uint64_t heads) {
  return of_heads(Kind::pairs_to_halves, rows, heads);
}

RowOrder RowOrder::listed(uint64_t rows, std::vector<uint64_t> places) {
  for (const uint64_t row : places) {
    if (row >= rows) throw std::invalid_argument(concat("row ", row, " of ", rows, ", counted from 0"));
  }
  RowOrder order(Kind::listed, rows);
  order.places_ = std::move(places);
  return order;
}

uint64_t RowOrder::row(uint64_t place) const {
  if (kind_ == Kind::listed) return places_[place];
  const uint64_t in_head = place % (2 * half_);
  const uint64_t head = place - in_head;
  return head + (kind_ == Kind::halves_to_pairs ? in_head % 2 * half_ + in_head / 2  //
                                                : in_head % half_ * 2 + in_head / half_);
}

}  // namespace ggufscope
