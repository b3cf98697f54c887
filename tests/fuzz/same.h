// Equality to the bit of what the core computes in several ways. Any NaN equals any other: their signs and payloads
// differ between instruction sets.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "gguf/error.h"
#include "statistics/field.h"

namespace ggufscope {
namespace {

inline bool is_same(std::monostate, std::monostate) { return true; }
inline bool is_same(uint64_t a, uint64_t b) { return a == b; }
inline bool is_same(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}
inline bool is_same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}
inline bool is_same(const Bins& a, const Bins& b) { return a.keys == b.keys && a.counts == b.counts; }
template <class Number>
bool is_same(const std::vector<Number>& a, const std::vector<Number>& b) {
  return std::ranges::equal(a, b, [](Number one, Number other) { return is_same(one, other); });
}

inline bool is_same(const FieldValue& a, const FieldValue& b) {
  if (a.index() != b.index()) return false;
  return std::visit([&]<class Value>(const Value& value) { return is_same(value, std::get<Value>(b)); }, a);
}

template <class Number>
void require_same(const std::vector<Number>& expected, const std::vector<Number>& actual, const std::string& where) {
  require(is_same(expected, actual), "equal numbers", where);
}

inline void require_same(const Fields& expected, const Fields& actual, const std::string& where) {
  require(expected.values().size() == actual.values().size(), "the same fields", where);
  for (size_t i = 0; i < expected.values().size(); ++i) {
    const auto& [name, value] = expected.values()[i];
    require(name == actual.values()[i].first, "the same fields", where);
    require(is_same(value, actual.values()[i].second), "equal fields", concat(where, ": ", name));
  }
}

/// The value of a field; nullptr where it is undefined.
template <class Value>
const Value* value_of(const Fields& fields, std::string_view name) {
  for (const auto& [field, value] : fields.values()) {
    if (field == name) return std::get_if<Value>(&value);
  }
  return nullptr;
}

}  // namespace
}  // namespace ggufscope
