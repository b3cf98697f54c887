// The engine with many threads, cancelled, several at once, beside files that are opened, closed and cut: the results
// of one thread, to the bit. Prints a line for each part. ThreadSanitizer looks at what the threads do meanwhile;
// without it, the program shows what they compute.
#include <atomic>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/selftest.h"
#include "fuzz/files.h"
#include "fuzz/matrices.h"
#include "fuzz/same.h"
#include "gguf/model.h"
#include "stream/dequantize.h"
#include "stream/engine.h"
#include "stream/multiply.h"
#include "stream/pairs.h"
#include "stream/products.h"

namespace ggufscope {
namespace {

constexpr int kThreads = 8;
constexpr int kAtOnce = 4;  // engines, or readers of a file
constexpr Shape kSmall{16, 1024};
constexpr Shape kLarge{1100, 1024};  // more than the calling thread does alone, and more than one chunk

Bytes random_bytes(size_t n) {
  Random random;
  Bytes bytes(n);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
  return bytes;
}

MadeMatrix made(const TypeInfo& type, Shape shape) {
  return {type, shape, random_bytes(type.bytes_per_block * 61), false};
}

// Of every type, and a large one.
class Matrices {
 public:
  Matrices() {
    for (const TypeInfo& type : all_types()) made_.push_back(made(type, kSmall));
    made_.push_back(made(large_type(), kLarge));
  }
  static const TypeInfo& large_type() { return *find_type("Q4_K"); }

  const BlockMatrix& large() const { return made_.back().matrix(); }
  std::vector<Source> sources() const {
    std::vector<Source> sources;
    sources.reserve(made_.size());
    for (const MadeMatrix& one : made_) sources.push_back({one.matrix(), 0, 4});
    return sources;
  }
  std::vector<MatrixPair> pairs() const {
    std::vector<MatrixPair> pairs;
    for (size_t i = 0; i + 2 < made_.size(); ++i) pairs.push_back({made_[i].matrix(), made_[i + 1].matrix(), 0});
    pairs.push_back({large(), large(), 0});
    return pairs;
  }

 private:
  std::vector<MadeMatrix> made_;
};

using Report = std::function<void(uint64_t)>;

std::vector<Fields> profile(const std::vector<Source>& sources, int threads, const Report& report = {}) {
  EngineOptions options;
  options.threads = threads;
  options.table = &kernels();
  options.progress = report;
  std::vector<Fields> fields;
  for (const Observation& observation : observe(sources, options)) {
    fields.push_back(observation.statistics.fields());
    for (const Values& group : observation.groups) fields.push_back(group.fields());
  }
  return fields;
}

std::vector<Fields> compare(const std::vector<MatrixPair>& pairs, int threads, const Report& report = {}) {
  PairOptions options;
  options.threads = threads;
  options.table = &kernels();
  options.progress = report;
  std::vector<Fields> fields;
  for (const PairObservation& pair : observe_pairs(pairs, options)) fields.push_back(pair.statistics.fields());
  return fields;
}

void require_same_fields(const std::vector<Fields>& expected, const std::vector<Fields>& actual,
                         const std::string& where) {
  require(expected.size() == actual.size(), "one result for each", where);
  for (size_t i = 0; i < expected.size(); ++i) require_same(expected[i], actual[i], where);
}

std::vector<float> decoded(const BlockMatrix& matrix, int threads) {
  std::vector<float> weights(matrix.rows * matrix.columns);
  dequantize(matrix, threads, kernels(), weights.data());
  return weights;
}

std::vector<double> products(const BlockMatrix& matrix, int threads) {
  const std::vector<double> vector(matrix.columns, 0.75);
  std::vector<double> results(2 * matrix.rows);
  row_products({matrix, matrix, true, vector.data(), vector.data(), results.data(), results.data() + matrix.rows, 1, 1},
               threads, kernels());
  return results;
}

std::vector<float> multiplied(const BlockMatrix& matrix, int threads) {
  const std::vector<float> vectors(3 * matrix.columns, 0.75F);
  std::vector<float> results(3 * matrix.rows);
  multiply_few({matrix, vectors.data(), 3, results.data()}, threads, kernels());
  return results;
}

// ---- the parts

void run_profiles(const Matrices& matrices) {
  const auto sources = matrices.sources();
  require_same_fields(profile(sources, 1), profile(sources, kThreads), "profiles");
}

void run_pairs(const Matrices& matrices) {
  const auto pairs = matrices.pairs();
  require_same_fields(compare(pairs, 1), compare(pairs, kThreads), "pairs");
}

void run_buffers(const Matrices& matrices) {
  const BlockMatrix& matrix = matrices.large();
  require_same(decoded(matrix, 1), decoded(matrix, kThreads), "dequantize");
  require_same(products(matrix, 1), products(matrix, kThreads), "row products");
  require_same(multiplied(matrix, 1), multiplied(matrix, kThreads), "a few vectors");
}

template <class Error, class Work>
void require_thrown(Work work, const char* property) {
  bool thrown = false;
  try {
    work();
  } catch (const Error&) {
    thrown = true;
  }
  require(thrown, property);
}

// What was cancelled leaves nothing behind that a later call could find.
void run_cancelled(const Matrices& matrices) {
  const auto sources = matrices.sources();
  const auto pairs = matrices.pairs();
  const auto cancel = [](uint64_t) { throw std::runtime_error("cancelled"); };
  const auto expected = profile(sources, 1);
  const auto expected_pairs = compare(pairs, 1);
  for (int i = 0; i < 4; ++i) {
    require_thrown<std::runtime_error>([&] { profile(sources, kThreads, cancel); }, "a profile can be cancelled");
    require_thrown<std::runtime_error>([&] { compare(pairs, kThreads, cancel); }, "pairs can be cancelled");
    require_same_fields(expected, profile(sources, kThreads), "after a cancelled profile");
    require_same_fields(expected_pairs, compare(pairs, kThreads), "after cancelled pairs");
  }
}

class Failing final : public ByteSource {  // after some reads
 public:
  void read(uint64_t, std::byte* out, size_t size) const override {
    if (reads_.fetch_add(1) >= 5) throw GGUFError("gone");
    std::fill_n(out, size, std::byte{1});
  }

 private:
  mutable std::atomic<int> reads_ = 0;
};

void run_failing(const Matrices& matrices) {
  const Failing failing;
  auto sources = matrices.sources();
  for (Source& source : sources) {
    source.matrix.memory = nullptr;
    source.matrix.source = &failing;
  }
  require_thrown<GGUFError>([&] { profile(sources, kThreads); }, "an error of a thread arrives");
  run_profiles(matrices);
}

void run_at_once(const Matrices& matrices) {
  const auto sources = matrices.sources();
  const auto pairs = matrices.pairs();
  const auto expected = profile(sources, 1);
  const auto expected_pairs = compare(pairs, 1);
  const auto weights = decoded(matrices.large(), 1);
  std::vector<std::jthread> engines;
  engines.reserve(kAtOnce);
  for (int i = 0; i < kAtOnce; ++i) {
    engines.emplace_back([&] {
      require_same_fields(expected, profile(sources, 3), "profiles at once");
      require_same_fields(expected_pairs, compare(pairs, 3), "pairs at once");
      require_same(weights, decoded(matrices.large(), 3), "dequantize at once");
    });
  }
}

// ---- files

Bytes model_file(const Bytes& data, uint64_t columns) {
  Bytes file;
  const auto put = [&](const auto& number) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&number);
    file.insert(file.end(), bytes, bytes + sizeof number);
  };
  put(uint32_t{0x46554747});  // "GGUF"
  put(uint32_t{3});
  put(uint64_t{1});
  put(uint64_t{0});
  put(uint64_t{1});
  put('t');
  put(uint32_t{2});
  put(columns);
  put(uint64_t{data.size() / (columns * sizeof(float))});
  put(uint32_t{0});
  put(uint64_t{0});
  file.resize((file.size() + 31) / 32 * 32);
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

BlockMatrix matrix_of(const Model& model) {
  const TensorInfo& tensor = model.tensors().front();
  return {tensor.type, tensor.shape[0], tensor.shape[1], model.data(tensor)};
}

void run_files(const Matrices&) {
  const std::string path = directory().write("model.gguf", model_file(random_bytes(size_t{1} << 21), 256));
  const auto expected = profile({{matrix_of(*Model::open(path))}}, 1);
  std::vector<std::jthread> readers;
  readers.reserve(kAtOnce);
  for (int i = 0; i < kAtOnce; ++i) {
    readers.emplace_back([&] {
      for (int turn = 0; turn < 4; ++turn) {
        const auto model = Model::open(path);
        require_same_fields(expected, profile({{matrix_of(*model)}}, 2), "files opened at once");
      }
    });
  }
}

void run_shrunken(const Matrices&) {
  const std::string path = directory().write("cut.gguf", model_file(random_bytes(size_t{1} << 23), 256));
  const auto model = Model::open(path);
  const Source source{matrix_of(*model)};
  std::filesystem::resize_file(path, 4096);
  require_thrown<GGUFError>([&] { profile({source}, kThreads); }, "a file that has shrunk is an error");
}

struct Part {
  const char* name;
  void (*run)(const Matrices&);
};
constexpr Part kParts[] = {
    {"profiles", run_profiles}, {"pairs", run_pairs},     {"buffers", run_buffers}, {"cancelled", run_cancelled},
    {"failing", run_failing},   {"at once", run_at_once}, {"files", run_files},     {"shrunken", run_shrunken},
};

}  // namespace
}  // namespace ggufscope

int main() {
  try {
    const ggufscope::Matrices matrices;
    for (const auto& part : ggufscope::kParts) {
      part.run(matrices);
      std::printf("%s\n", part.name);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "threads_selftest: %s\n", error.what());
    return 1;
  }
}
