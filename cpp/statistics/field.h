// How statistics tell their results: named fields, each described once beside the struct that computes it.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "state/members.h"

// Functions of types that kernel units share with the rest of the program. Always inlined, they leave no symbol a
// linker could take from a unit built with wider flags.
#define GGUFSCOPE_SHARED [[gnu::always_inline]] inline

namespace ggufscope {

struct FieldInfo {
  const char* name;     // as docs/metrics.md has it
  const char* kind;     // count, index, number, share, quantiles, histogram, vector
  const char* meaning;  // the definition in one line
  bool roll_up = true;  // still meaningful when the statistics of several tensors are merged
};

/// Non-empty histogram bins, ascending by value.
struct Bins {
  std::vector<int32_t> keys;
  std::vector<uint64_t> counts;

  using Members = MemberList<&Bins::keys, &Bins::counts>;
};

/// std::monostate: undefined (null), never 0 or NaN.
using FieldValue = std::variant<std::monostate, uint64_t, double, std::vector<double>, Bins>;

class Fields {
 public:
  template <class Value>
  void set(const char* name, Value value) {
    values_.emplace_back(name, FieldValue{std::in_place_type<Value>, std::move(value)});
  }
  /// A number, or null where it is not finite: something undefined went into it.
  void number(const char* name, double value) {
    std::isfinite(value) ? set(name, value + 0.0) : set(name, std::monostate{});
  }
  void share(const char* name, uint64_t part, uint64_t whole) {
    number(name, whole == 0 ? NAN : static_cast<double>(part) / static_cast<double>(whole));
  }
  const std::vector<std::pair<std::string, FieldValue>>& values() const { return values_; }

 private:
  std::vector<std::pair<std::string, FieldValue>> values_;
};

}  // namespace ggufscope
