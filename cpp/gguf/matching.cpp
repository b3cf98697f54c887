#include "gguf/matching.h"

#include <algorithm>
#include <string_view>

namespace ggufscope {
namespace {

struct Named {
  std::string_view name;
  uint64_t index;
};

// Sorted, not hashed: no choice of names makes this slow.
std::vector<Named> sorted_names(const Model& model) {
  std::vector<Named> names;
  for (const TensorInfo& tensor : model.tensors()) names.push_back({tensor.name, names.size()});
  std::ranges::sort(names, {}, &Named::name);
  return names;
}

}  // namespace

TensorMatch match_tensors(const Model& reference, const Model& model) {
  TensorMatch match;
  const std::vector<Named> names = sorted_names(model);
  std::vector<bool> is_matched(names.size(), false);
  for (uint64_t i = 0; i < reference.tensors().size(); ++i) {
    const TensorInfo& tensor = reference.tensors()[i];
    const auto place = std::ranges::lower_bound(names, std::string_view(tensor.name), {}, &Named::name);
    if (place == names.end() || place->name != tensor.name) {
      match.missing.push_back(i);
      continue;
    }
    is_matched[place->index] = true;
    const bool same = model.tensors()[place->index].shape == tensor.shape;
    (same ? match.pairs : match.reshaped).emplace_back(i, place->index);
  }
  for (uint64_t i = 0; i < is_matched.size(); ++i) {
    if (!is_matched[i]) match.extra.push_back(i);
  }
  return match;
}

}  // namespace ggufscope
