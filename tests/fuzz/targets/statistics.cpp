// Blocks of every type, decoded and observed in every way there is: the same bits on every instruction set, in the
// other byte order, from a source, with other threads.
//
//   type │ rows │ columns, two bytes │ how, a byte │ blocks, repeated until the matrix is full
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "fuzz/matrices.h"
#include "fuzz/same.h"
#include "stream/dequantize.h"
#include "stream/engine.h"

namespace ggufscope {
namespace {

enum How : uint8_t {
  kFast = 1,
  kHeads = 2,
  kFactors = 4,
  kUnaligned = 8,
  kSourced = 16,
  kThreads = 32,
  kGrid = 64,  // of factors
};

class Memory final : public ByteSource {
 public:
  explicit Memory(const BlockMatrix& matrix) : matrix_(matrix) {}
  void read(uint64_t offset, std::byte* out, size_t size) const override {
    require(offset <= matrix_.size() && size <= matrix_.size() - offset, "reads inside the source");
    std::memcpy(out, matrix_.memory + offset, size);
  }

 private:
  const BlockMatrix& matrix_;
};

BlockMatrix sourced(const BlockMatrix& matrix, const ByteSource& source) {
  BlockMatrix other = matrix;
  other.memory = nullptr;
  other.source = &source;
  return other;
}

// One for each row, or a grid whose last row and column may be of fewer.
Factors factors_of(const Shape& shape, bool grid) {
  if (!grid) return {1, shape.columns, std::vector<float>(shape.rows, -0.75F)};
  Factors factors{2, 3, {}};
  const uint64_t size = (shape.rows + 1) / 2 * ((shape.columns + 2) / 3);
  for (uint64_t i = 0; i < size; ++i) factors.values.push_back(i % 2 == 0 ? -0.75F : static_cast<float>(i));
  return factors;
}

std::vector<float> weights_of(const BlockMatrix& matrix, const KernelTable& table) {
  std::vector<float> weights(matrix.rows * matrix.columns);
  dequantize(matrix, 1, table, weights.data());
  return weights;
}

std::vector<Fields> fields_of(const Source& source, uint8_t how, const KernelTable& table, int threads) {
  EngineOptions options;
  options.fast = (how & kFast) != 0;
  options.table = &table;
  options.threads = threads;
  const std::vector<Source> sources(static_cast<size_t>(threads), source);  // as many pieces of work as threads
  const auto observations = observe(sources, options);
  std::vector<Fields> fields;
  for (const Observation& observation : observations) {
    fields.push_back(observation.statistics.fields());
    for (const Values& group : observation.groups) fields.push_back(group.fields());
  }
  return fields;
}

void require_same_fields(const std::vector<Fields>& expected, const std::vector<Fields>& actual,
                         const std::string& where) {
  require(!expected.empty() && actual.size() % expected.size() == 0, "one observation per source", where);
  for (size_t i = 0; i < actual.size(); ++i) require_same(expected[i % expected.size()], actual[i], where);
}

// What the weights alone tell, without a kernel.
void require_plain_facts(const Fields& fields, const std::vector<float>& weights, const std::string& where) {
  uint64_t nan = 0;
  uint64_t infinite = 0;
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  for (const float weight : weights) {
    nan += std::isnan(weight) ? 1 : 0;
    infinite += std::isinf(weight) ? 1 : 0;
    if (!std::isfinite(weight)) continue;
    least = std::min<double>(least, weight);
    most = std::max<double>(most, weight);
  }
  const auto count = [&](const char* name) {
    const auto* value = value_of<uint64_t>(fields, name);
    return value == nullptr ? 0 : *value;
  };
  require(count("n_elements") == weights.size(), "every weight is counted", where);
  require(count("nan_count") == nan, "every NaN is counted", where);
  require(count("inf_count") + count("beyond_float32_count") == infinite, "every infinity is counted", where);
  const auto* min = value_of<double>(fields, "min");
  const auto* max = value_of<double>(fields, "max");
  const bool any = nan + infinite < weights.size();
  require((min != nullptr) == any && (max != nullptr) == any, "extremes where weights are finite", where);
  if (any) require(*min == least && *max == most, "the extremes of the weights", where);
}

void run(Input input) {
  const TypeInfo& type = take_type(input);
  const Shape shape = take_shape(input, type.elements_per_block);
  const uint8_t how = input.byte();
  const MadeMatrix made(type, shape, input.rest(), (how & kUnaligned) == 0);
  Source source{made.matrix()};
  if ((how & kHeads) != 0) source.group_rows = 2;
  if ((how & kFactors) != 0) source.matrix.factors = factors_of(shape, (how & kGrid) != 0);

  const KernelTable& generic = kernels("generic");
  const std::vector<float> weights = weights_of(source.matrix, generic);
  const std::vector<Fields> expected = fields_of(source, how, generic, 1);
  require_plain_facts(expected.front(), weights, type.name);
  for (const std::string_view isa : available_isas()) {
    const std::string where = concat(type.name, ", ", isa);
    const KernelTable& table = kernels(isa);
    require_same(weights, weights_of(source.matrix, table), where);
    require_same_fields(expected, fields_of(source, how, table, 1), where);
    if ((how & kThreads) != 0) require_same_fields(expected, fields_of(source, how, table, 3), where + ", threads");
    if ((how & kSourced) != 0) {
      const Memory memory(made.matrix());
      Source other = source;
      other.matrix = sourced(source.matrix, memory);
      require_same(weights, weights_of(other.matrix, table), where + ", a source");
      require_same_fields(expected, fields_of(other, how, table, 1), where + ", a source");
    }
    if (type.swap_bytes != nullptr) {
      const MadeMatrix swapped = made.swapped();
      Source other = source;
      other.matrix.memory = swapped.matrix().memory;
      other.matrix.swapped = true;
      require_same(weights, weights_of(other.matrix, table), where + ", swapped");
      require_same_fields(expected, fields_of(other, how, table, 1), where + ", swapped");
    }
  }
}

}  // namespace
}  // namespace ggufscope

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ggufscope::run({data, size});
  return 0;
}
