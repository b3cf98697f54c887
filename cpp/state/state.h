// Values as bytes and back, for pickles, and their comparison: every member, bit for bit.
//
//    ┌────────┬─────────┬────────┬──────────────────────────────────────────┐
//    │ "GSST" │ version │ layout │ the members in their order, little-endian│
//    └────────┴─────────┴────────┴──────────────────────────────────────────┘
//
// `layout` is a hash of the members' types: bytes of a build that has other statistics are refused, without anybody
// having to count versions. A pickle may come from anywhere, so nothing read here is believed: lengths are held against
// the bytes that remain, and a struct with `is_sound()` is asked.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "formats/types.h"
#include "state/members.h"
#include "statistics/all.h"

namespace ggufscope {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in memory");

template <class T>
concept IsNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class T>
concept HasSoundness = requires(const T& value) {
  { value.is_sound() } -> std::same_as<bool>;
};

/// Shows every member of a value to `archive`, which writes or reads it.
template <class Archive, IsNumber Number>
void walk(Archive& archive, Number& number) {
  archive.number(number);
}
template <class Archive, class T, size_t n>
void walk(Archive& archive, T (&values)[n]) {
  for (T& value : values) walk(archive, value);
}
template <class Archive>
void walk(Archive& archive, const TypeInfo*& type) {
  archive.type(type);
}
template <class Archive>
void walk(Archive& archive, std::string& text) {
  archive.length(text, 1);
  for (char& letter : text) archive.number(letter);
}
template <class Archive, HasMembers T>
void walk(Archive& archive, T& value);
template <class Archive, class... Statistic>
void walk(Archive& archive, Collection<Statistic...>& statistics);
template <class Archive, class T>
void walk(Archive& archive, std::vector<T>& values);

template <class Archive, HasMembers T>
void walk(Archive& archive, T& value) {
  each_member(value, [&](auto& member) { walk(archive, member); }, typename T::Members{});
  if constexpr (HasSoundness<T>) archive.require(value.is_sound(), "contradicts itself");
}
template <class Archive, class... Statistic>
void walk(Archive& archive, Collection<Statistic...>& statistics) {
  (walk(archive, static_cast<Statistic&>(statistics)), ...);
}

/// A hash of the types that a walk meets, and the fewest bytes they take.
class Layout {
 public:
  template <class T>
  static Layout of() {
    Layout layout;
    T value{};
    walk(layout, value);
    return layout;
  }

  template <IsNumber Number>
  void number(Number&) {
    note(sizeof(Number), std::is_floating_point_v<Number> ? 'f' : std::is_signed_v<Number> ? 'i' : 'u');
    smallest_ += sizeof(Number);
  }
  void type(const TypeInfo*&) {
    note(sizeof(uint32_t), 't');
    smallest_ += sizeof(uint32_t);
  }
  template <class Sequence>
  void length(Sequence&, size_t element_size) {
    note(element_size, 'v');
    smallest_ += sizeof(uint64_t);
  }
  void element(const Layout& layout) { note(layout.hash_, 'e'); }
  void require(bool, const char*) const {}

  uint32_t hash() const { return hash_; }
  size_t smallest() const { return smallest_; }

 private:
  void note(uint64_t value, char kind) {  // FNV-1a
    hash_ = (hash_ ^ static_cast<uint32_t>(kind)) * 0x01000193U;
    hash_ = (hash_ ^ static_cast<uint32_t>(value)) * 0x01000193U;
  }

  uint32_t hash_ = 0x811C9DC5U;
  size_t smallest_ = 0;
};

template <class Archive, class T>
void walk(Archive& archive, std::vector<T>& values) {
  static const Layout element = Layout::of<T>();
  archive.length(values, element.smallest());
  archive.element(element);
  for (T& value : values) walk(archive, value);
}

inline constexpr std::string_view kStateMagic = "GSST";
inline constexpr uint32_t kStateVersion = 1;
inline constexpr uint32_t kNoType = UINT32_MAX;

class StateWriter {
 public:
  template <IsNumber Number>
  void number(Number& number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void type(const TypeInfo*& type) {
    uint32_t id = type == nullptr ? kNoType : type->id;
    number(id);
  }
  template <class Sequence>
  void length(Sequence& values, size_t) {
    uint64_t size = values.size();
    number(size);
  }
  void element(const Layout&) const {}
  void require(bool, const char*) const {}

  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : bytes_(bytes) {}

  template <IsNumber Number>
  void number(Number& number) {
    require(bytes_.size() >= sizeof number, "ends too early");
    if constexpr (std::is_same_v<Number, bool>) {  // any other byte would be no bool
      require(static_cast<unsigned char>(bytes_.front()) <= 1, "contradicts itself");
    }
    std::memcpy(&number, bytes_.data(), sizeof number);
    bytes_.remove_prefix(sizeof number);
  }
  void type(const TypeInfo*& type) {
    uint32_t id = 0;
    number(id);
    type = id == kNoType ? nullptr : find_type(id);
    require(id == kNoType || type != nullptr, "names a type that this build does not know");
  }
  template <class Sequence>
  void length(Sequence& values, size_t element_size) {
    uint64_t size = 0;
    number(size);
    require(element_size > 0 && size <= bytes_.size() / element_size, "ends too early");
    values.resize(size);
  }
  void element(const Layout&) const {}
  static void require(bool sound, const char* otherwise) {
    if (!sound) throw std::invalid_argument(std::string("a pickled state that ") + otherwise);
  }
  void take(std::string_view expected, const char* otherwise) {
    require(bytes_.starts_with(expected), otherwise);
    bytes_.remove_prefix(expected.size());
  }
  void end() const { require(bytes_.empty(), "goes on behind its end"); }

 private:
  std::string_view bytes_;
};

template <class T>
std::string to_state(const T& value) {
  StateWriter writer;
  writer.bytes() = kStateMagic;
  uint32_t version = kStateVersion;
  uint32_t layout = Layout::of<T>().hash();
  walk(writer, version);
  walk(writer, layout);
  walk(writer, const_cast<T&>(value));  // NOLINT(*-const-cast): a writer changes nothing
  return std::move(writer.bytes());
}

/// Throws std::invalid_argument for bytes that to_state did not make.
template <class T>
T from_state(std::string_view bytes) {
  StateReader reader(bytes);
  uint32_t version = 0;
  uint32_t layout = 0;
  reader.take(kStateMagic, "ggufscope did not make");
  walk(reader, version);
  walk(reader, layout);
  StateReader::require(version == kStateVersion && layout == Layout::of<T>().hash(),
                       "another version of ggufscope made, or for another class");
  T value{};
  walk(reader, value);
  reader.end();
  return value;
}

/// Equality of values: NaN equals NaN, and the zeros each other.
template <class T>
bool are_equal(const T& a, const T& b);

template <class T, auto... Member>
bool members_are_equal(const T& a, const T& b, MemberList<Member...>) {
  return (are_equal(a.*Member, b.*Member) && ...);
}
template <class... Statistic>
bool bases_are_equal(const Collection<Statistic...>& a, const Collection<Statistic...>& b) {
  return (are_equal(static_cast<const Statistic&>(a), static_cast<const Statistic&>(b)) && ...);
}

template <class T>
bool are_equal(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a == b || (std::isnan(a) && std::isnan(b));
  } else if constexpr (HasMembers<T>) {
    return members_are_equal(a, b, typename T::Members{});
  } else if constexpr (requires { bases_are_equal(a, b); }) {
    return bases_are_equal(a, b);
  } else if constexpr (std::is_array_v<T> || requires { a.begin(); }) {
    const auto same = [](const auto& x, const auto& y) { return are_equal(x, y); };
    return std::equal(std::begin(a), std::end(a), std::begin(b), std::end(b), same);
  } else {
    return a == b;
  }
}

}  // namespace ggufscope
