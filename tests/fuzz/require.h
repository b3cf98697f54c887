// What fuzz targets hold the core to. A property that does not hold ends the program, as the report of a sanitizer
// does.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ggufscope {
namespace {

/// Whether properties that hold are to be taken for broken: so tests see that a target has any, and that they count.
inline bool properties_are_broken() {
  static const bool planted = std::getenv("GGUFSCOPE_BREAK_PROPERTIES") != nullptr;
  return planted;
}

/// Ends the program, with the property that was broken and where.
[[noreturn]] inline void fail(std::string_view property, std::string_view where = "") {
  std::fprintf(stderr, "broken property: %.*s", static_cast<int>(property.size()), property.data());
  std::fprintf(stderr, where.empty() ? "\n" : " (%.*s)\n", static_cast<int>(where.size()), where.data());
  std::abort();
}

inline void require(bool holds, std::string_view property, std::string_view where = "") {
  if (!holds || properties_are_broken()) fail(property, where);
}

}  // namespace
}  // namespace ggufscope
