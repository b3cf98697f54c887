#include "gguf/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gguf/error.h"

namespace ggufscope {
namespace {

static_assert(sizeof(size_t) == 8, "files larger than 4 GB are mapped whole");

[[noreturn]] void fail(const char* action, const std::string& path, int code) {
  throw std::filesystem::filesystem_error(action, path, std::error_code(code, std::generic_category()));
}

uint64_t page_size() {
  static const auto size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return size;
}

// Closes on the way out unless the mapping has taken it over.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

uint64_t regular_file_size(int descriptor, const std::string& path) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) fail("cannot examine", path, errno);
  if (S_ISDIR(status.st_mode)) fail("cannot open", path, EISDIR);
  if (!S_ISREG(status.st_mode)) throw GGUFError(error_line(path, "not a regular file but a device, pipe or socket"));
  if (status.st_size == 0) throw GGUFError(error_line(path, "the file is empty"));
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace

std::shared_ptr<const Mapping> Mapping::open(const std::string& path) {
  return std::shared_ptr<const Mapping>(new Mapping(path));
}

Mapping::Mapping(const std::string& path) : InputFile(path) {
  // Non-blocking, because opening a pipe would otherwise wait for somebody to write into it.
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0) fail("cannot open", path, errno);
  set_size(regular_file_size(file.value, path));
  void* address = mmap(nullptr, size(), PROT_READ, MAP_PRIVATE, file.value, 0);
  if (address == MAP_FAILED) fail("cannot map", path, errno);
  set_head({static_cast<const std::byte*>(address), size()});
  try {
    range_.emplace(head().data(), size(), file.value, path);
  } catch (...) {
    munmap(address, size());
    throw;
  }
  descriptor_ = std::exchange(file.value, -1);
}

void Mapping::read(uint64_t offset, std::byte* out, size_t size) const {
  while (size > 0) {
    const ssize_t n = ::pread(descriptor_, out, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_unreadable(path(), offset, errno);
    if (n == 0) fail_shrunken(path(), offset);
    out += n;
    offset += static_cast<uint64_t>(n);
    size -= static_cast<size_t>(n);
  }
}

void Mapping::populate(uint64_t offset, uint64_t size) const {
#if defined(__linux__)
  constexpr int populate_read = 22;  // MADV_POPULATE_READ of Linux 5.14, which older headers lack
  const uint64_t skipped = offset % page_size();
  // Where it fails, pages fault one by one, and what is missing is found then.
  ::madvise(const_cast<std::byte*>(head().data()) + (offset - skipped), size + skipped, populate_read);
#else
  static_cast<void>(offset + size);
#endif
}

void Mapping::release(uint64_t offset, uint64_t size) const {
  const uint64_t page = page_size();
  const uint64_t begin = (offset + page - 1) / page * page;
  const uint64_t end = (offset + size) / page * page;
  // Pages of the file are none of ours: they stay in the page cache. Where this fails, they stay here, too.
  if (begin < end) ::madvise(const_cast<std::byte*>(head().data()) + begin, end - begin, MADV_DONTNEED);
}

Mapping::~Mapping() {
  range_.reset();
  munmap(const_cast<std::byte*>(head().data()), size());
  ::close(descriptor_);
}

}  // namespace ggufscope
