#include "gguf/shards.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

namespace ggufscope {
namespace {

// File names count from 1, split.no counts from 0.
constexpr std::string_view kNumberKey = "split.no";
constexpr std::string_view kCountKey = "split.count";
constexpr std::string_view kTensorsKey = "split.tensors.count";
constexpr uint64_t kMostShards = 65535;

struct ShardName {
  std::string prefix;  // with directories
  uint64_t number;
  uint64_t count;

  std::string path(uint64_t shard) const {
    return concat(prefix, "-", five_digits(shard), "-of-", five_digits(count), ".gguf");
  }
  static std::string five_digits(uint64_t number) {
    const std::string digits = std::to_string(number);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  }
};

std::optional<uint64_t> parse_number(std::string_view digits) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  return error == std::errc{} && end == digits.end() ? std::optional(number) : std::nullopt;
}

// "…-00001-of-00003.gguf"
std::optional<ShardName> parse_name(std::string_view path) {
  constexpr std::string_view pattern = "-00001-of-00003.gguf";
  if (path.size() < pattern.size()) return std::nullopt;
  const std::string_view tail = path.substr(path.size() - pattern.size());
  const auto number = parse_number(tail.substr(1, 5));
  const auto count = parse_number(tail.substr(10, 5));
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-" || tail.substr(15) != ".gguf" || !number || !count) {
    return std::nullopt;
  }
  return ShardName{std::string(path.substr(0, path.size() - pattern.size())), *number, *count};
}

[[noreturn]] void fail(const std::string& path, std::string_view key, std::string_view message) {
  throw GGUFError(error_line(path, concat("key '", key, "': ", message)));
}

std::string text_of(std::optional<uint64_t> number) { return number ? std::to_string(*number) : "absent"; }

// `shard` counts from 1.
void require_member(const File& file, const File& opened, const ShardName& name, uint64_t shard) {
  const std::string& path = file.input->path();
  const auto count = guarded([&] { return file.count(kCountKey); });
  const auto number = guarded([&] { return file.count(kNumberKey); });
  if (count != name.count) fail(path, kCountKey, concat(text_of(count), " instead of ", name.count));
  if (number != shard - 1) {
    fail(path, kNumberKey,
         concat(text_of(number), " instead of ", shard - 1, ": a shard of another place or model under this name"));
  }
  const auto declared = [](const File& from) { return guarded([&] { return from.count(kTensorsKey); }); };
  if (file.order != opened.order || declared(file) != declared(opened)) {
    fail(path, kTensorsKey, concat("does not belong to the same model as ", escaped(opened.input->path())));
  }
}

File open_shard(const ShardName& name, uint64_t shard, const OpenFile& open) {
  const std::string path = name.path(shard);
  try {
    return open(path);
  } catch (const std::filesystem::filesystem_error& error) {
    if (error.code() != std::errc::no_such_file_or_directory) throw;
    throw GGUFError(error_line(path, concat("shard ", shard, " of ", name.count, " is missing")));
  }
}

void require_all_tensors(const std::vector<File>& files) {
  const auto declared = guarded([&] { return files.front().count(kTensorsKey); });
  uint64_t present = 0;
  for (const File& file : files) present += file.tensors.size();
  if (declared && *declared != present) {
    fail(files.front().input->path(), kTensorsKey,
         concat("the model has ", *declared, " tensors, its ", files.size(), " shards hold ", present));
  }
}

}  // namespace

std::vector<File> open_shards(const std::string& path, const OpenFile& open) {
  const File opened = open(path);
  const auto count = guarded([&] { return opened.count(kCountKey); });
  if (!count || *count <= 1) return {opened};
  if (*count > kMostShards) fail(path, kCountKey, concat(*count, " shards are absurd"));
  const auto name = parse_name(path);
  if (!name || name->count != *count || name->number == 0 || name->number > *count) {
    fail(path, kCountKey,
         concat("the file is one of ", *count, " shards, but its name does not end in -", "00001-of-",
                ShardName::five_digits(*count), ".gguf or the like: the others cannot be found"));
  }
  std::vector<File> files;
  for (uint64_t shard = 1; shard <= name->count; ++shard) {
    files.push_back(shard == name->number ? opened : open_shard(*name, shard, open));
    require_member(files.back(), opened, *name, shard);
  }
  require_all_tensors(files);
  return files;
}

}  // namespace ggufscope
