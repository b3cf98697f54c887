// Decodes and observes blocks of every type and prints one line per instruction set, type, content, shape and mode:
//
//   neon <tab> Q4_K <tab> hostile <tab> 7x512 <tab> fast <tab> hash of the weights <tab> hash of all fields
//
// The blocks are the same on every machine and must give the same hashes, whatever the instruction set. Arguments are
// names of instruction sets; without any, all that run here. No Python, so a cross-compiled build runs under an
// emulator.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "formats/types.h"
#include "kernels/dispatch.h"
#include "selftest.h"
#include "stream/dequantize.h"
#include "stream/engine.h"
#include "stream/pairs.h"

namespace ggufscope {
namespace {

using Bytes = std::vector<std::byte>;

struct Shape {
  uint64_t rows;
  uint64_t columns;  // at least; rounded up to whole blocks
};
// One block; blocks that are no whole number of vectors or of tiles (2048 weights); rows of more than a tile.
constexpr Shape kShapes[] = {{1, 1}, {3, 1000}, {7, 333}, {13, 700}, {2, 4200}};

enum class Mode { Full, Fast, Heads, Swapped, Pair };
constexpr const char* kModeNames[] = {"full", "fast", "heads", "swapped", "pair"};

// ---- blocks

Bytes random_bytes(Random& random, size_t n) {
  Bytes bytes(n);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random.next());
  return bytes;
}

void put_half(Bytes& bytes, size_t at, uint16_t half) { std::memcpy(&bytes[at], &half, sizeof half); }

// Zeros, denormals, the ends of the range, Inf and NaN, as half-precision numbers and as upper halves of float32.
constexpr uint16_t kSpecialHalves[] = {0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF,
                                       0x7C00, 0xFC00, 0x7E00, 0x7F80, 0xFF80, 0x0080, 0xFFFF};

// Random bytes, which as scales are of either sign and of any size, now and then Inf or NaN. A quarter of the blocks
// repeat one special number all over, in a quarter they stand where formats keep their scales: at both ends.
Bytes hostile_blocks(const TypeInfo& type, Random& random, size_t n_blocks) {
  const size_t size = type.bytes_per_block;
  Bytes blocks = random_bytes(random, n_blocks * size);
  const auto special = [&] { return kSpecialHalves[random.next() % std::size(kSpecialHalves)]; };
  for (size_t first = 0; first < blocks.size(); first += size) {
    const uint64_t kind = random.next() % 4;
    if (kind == 0) {
      const uint16_t half = special();
      for (size_t i = 0; i + 2 <= size; i += 2) put_half(blocks, first + i, half);
    } else if (kind == 1 && size >= 8) {
      for (const size_t at : {size_t{0}, size_t{2}, size - 4, size - 2}) put_half(blocks, first + at, special());
    }
  }
  return blocks;
}

double number(const Fields& fields, std::string_view name) {
  for (const auto& [field, value] : fields.values()) {
    if (field != name) continue;
    if (const auto* count = std::get_if<uint64_t>(&value)) return static_cast<double>(*count);
    if (const auto* real = std::get_if<double>(&value)) return *real;
  }
  return NAN;
}

std::vector<Fields> fields_of_each_block(const TypeInfo& type, const Bytes& blocks) {
  std::vector<Source> sources;
  for (size_t first = 0; first < blocks.size(); first += type.bytes_per_block) {
    sources.push_back({{&type, 1, type.elements_per_block, blocks.data() + first}});
  }
  EngineOptions options;
  options.fast = true;
  options.table = &kernels("generic");
  std::vector<Fields> fields;
  for (const auto& observation : observe(sources, options)) fields.push_back(observation.statistics.fields());
  return fields;
}

// Which of them could stand in a model: finite, of a magnitude not far from the middle one, and, where chance gives
// that at all, with scales that are not negative and weights on both sides of zero.
std::vector<size_t> choose_ordinary(const std::vector<Fields>& candidates) {
  std::vector<size_t> finite;
  const auto magnitude = [&](size_t i) { return number(candidates[i], "abs_max"); };
  for (size_t i = 0; i < candidates.size(); ++i) {
    const bool clean = number(candidates[i], "nan_count") + number(candidates[i], "inf_count") == 0;
    if (clean && magnitude(i) > 0) finite.push_back(i);
  }
  std::ranges::sort(finite, {}, magnitude);
  const double middle = magnitude(finite.at(finite.size() / 2));
  std::erase_if(finite, [&](size_t i) { return std::fabs(std::log2(magnitude(i) / middle)) > 8; });
  std::vector<size_t> usual;
  std::ranges::copy_if(finite, std::back_inserter(usual), [&](size_t i) {
    return number(candidates[i], "block_scale_min") >= 0 && number(candidates[i], "min") < 0;
  });
  constexpr size_t kByLuck = 32;  // where the scales of sub-blocks have signs of their own
  return usual.size() < kByLuck ? finite : usual;
}

constexpr size_t kCandidates = 2048;

// Formats keep their scales anywhere, so ordinary blocks are chosen by what they decode to.
Bytes ordinary_blocks(const TypeInfo& type, Random& random, size_t n_blocks) {
  const Bytes candidates = random_bytes(random, kCandidates * type.bytes_per_block);
  const std::vector<size_t> chosen = choose_ordinary(fields_of_each_block(type, candidates));
  Bytes blocks;
  for (size_t i = 0; i < n_blocks; ++i) {
    const auto* block = candidates.data() + chosen[random.next() % chosen.size()] * type.bytes_per_block;
    blocks.insert(blocks.end(), block, block + type.bytes_per_block);
  }
  return blocks;
}

// ---- hashes

struct AddField {
  Digest& digest;

  void operator()(std::monostate) const { digest.add_bits(0); }
  void operator()(uint64_t count) const { digest.add_bits(count); }
  void operator()(double number) const { digest.add(number); }
  void operator()(const std::vector<double>& numbers) const {
    for (const double number : numbers) digest.add(number);
  }
  void operator()(const Bins& bins) const {
    for (const int32_t key : bins.keys) digest.add_bits(static_cast<uint32_t>(key));
    for (const uint64_t count : bins.counts) digest.add_bits(count);
  }
};

void add(Digest& digest, const Fields& fields) {
  for (const auto& [name, value] : fields.values()) {
    for (const char letter : name) digest.add_bits(static_cast<unsigned char>(letter));
    digest.add_bits(value.index());
    std::visit(AddField{digest}, value);
  }
}

uint64_t hash_of_fields(const Source& source, Mode mode, const KernelTable& table) {
  EngineOptions options;
  options.fast = mode == Mode::Fast;
  options.table = &table;
  Digest digest;
  for (const auto& observation : observe({&source, 1}, options)) {
    add(digest, observation.statistics.fields());
    for (const Values& group : observation.groups) add(digest, group.fields());
  }
  return digest.value();
}

// Beside float32 weights, as the model's and as the reference's.
uint64_t hash_of_pairs(const BlockMatrix& matrix, const KernelTable& table) {
  Random random;
  std::vector<float> floats(matrix.rows * matrix.columns);
  for (float& x : floats) x = static_cast<float>(random.next() >> 40) * 0x1p-23F - 1;
  const auto* bytes = reinterpret_cast<const std::byte*>(floats.data());
  const BlockMatrix plain{find_type("F32"), matrix.rows, matrix.columns, bytes};
  const MatrixPair pairs[] = {{plain, matrix, 0}, {matrix, plain, 0}};
  PairOptions options;
  options.table = &table;
  Digest digest;
  for (const PairObservation& observation : observe_pairs(pairs, options)) add(digest, observation.statistics.fields());
  return digest.value();
}

uint64_t hash_of_weights(const Source& source, const KernelTable& table) {
  std::vector<float> weights(source.matrix.rows * source.matrix.columns);
  dequantize(source.matrix, 1, table, weights.data());
  Digest digest;
  for (const float weight : weights) digest.add(weight);
  return digest.value();
}

// ---- what is run

// An odd number of rows makes the last head a short one.
void run_mode(Bytes blocks, const TypeInfo& type, const char* content, Shape shape, Mode mode,
              const KernelTable& table) {
  Source source{{&type, shape.rows, shape.columns, blocks.data()}};
  source.matrix.swapped = mode == Mode::Swapped;
  if (mode == Mode::Heads) source.group_rows = 2;
  if (source.matrix.swapped) type.swap_bytes(blocks.data(), blocks.size() / type.bytes_per_block);
  std::printf("%s\t%s\t%s\t%llux%llu\t%s\t%016llx\t%016llx\n", std::string(table.isa).c_str(), type.name, content,
              static_cast<unsigned long long>(shape.rows), static_cast<unsigned long long>(shape.columns),
              kModeNames[static_cast<int>(mode)], static_cast<unsigned long long>(hash_of_weights(source, table)),
              static_cast<unsigned long long>(mode == Mode::Pair ? hash_of_pairs(source.matrix, table)
                                                                 : hash_of_fields(source, mode, table)));
}

void run_blocks(const Bytes& all, const TypeInfo& type, const char* content,
                const std::vector<std::string_view>& isas) {
  auto first = all.begin();
  for (Shape shape : kShapes) {
    shape.columns += (type.elements_per_block - shape.columns % type.elements_per_block) % type.elements_per_block;
    const uint64_t size = shape.rows * shape.columns / type.elements_per_block * type.bytes_per_block;
    const auto last = first + static_cast<std::ptrdiff_t>(size);
    for (const std::string_view isa : isas) {
      for (const Mode mode : {Mode::Full, Mode::Fast, Mode::Heads, Mode::Swapped, Mode::Pair}) {
        if (mode == Mode::Swapped && type.swap_bytes == nullptr) continue;
        run_mode({first, last}, type, content, shape, mode, kernels(isa));
      }
    }
    first = last;
  }
}

void run(const std::vector<std::string_view>& isas) {
  Random random;
  for (const TypeInfo& type : all_types()) {
    size_t n_blocks = 0;
    for (const Shape shape : kShapes) {
      n_blocks += shape.rows * ((shape.columns - 1) / type.elements_per_block + 1);
    }
    run_blocks(ordinary_blocks(type, random, n_blocks), type, "ordinary", isas);
    run_blocks(hostile_blocks(type, random, n_blocks), type, "hostile", isas);
  }
}

}  // namespace
}  // namespace ggufscope

int main(int argc, char** argv) {
  try {
    const std::vector<std::string_view> named(argv + 1, argv + argc);
    ggufscope::run(named.empty() ? ggufscope::available_isas() : named);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "core_selftest: %s\n", error.what());
    return 1;
  }
}
