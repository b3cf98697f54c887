// Faults of the system for a process that preloads this: a disk that returns errors, one that is full, no more threads.
//
//   FAULT_FILE     text in the paths of the files that are faulty
//   FAULT_READ     first byte of them that cannot be read (EIO)
//   FAULT_WRITE    bytes of them that can be written; then the disk is full (ENOSPC)
//   FAULT_THREADS  1: no thread can be started (EAGAIN)
//
// The variables are read at every call, so that a process can set them when its modules are loaded.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

// Whether the bytes of a descriptor from `offset` pass the limit that a variable sets.
static int is_beyond(const char *limit_name, int descriptor, off_t end) {
  const char *limit = getenv(limit_name), *part = getenv("FAULT_FILE");
  char link[64], path[4096];
  if (limit == NULL || part == NULL || end <= atoll(limit)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strstr(path, part) != NULL;
}

static int fails(int error) {
  errno = error;
  return -1;
}

ssize_t pread(int descriptor, void *out, size_t size, off_t offset) {
  static ssize_t (*next)(int, void *, size_t, off_t);
  if (next == NULL) next = dlsym(RTLD_NEXT, "pread");
  if (is_beyond("FAULT_READ", descriptor, offset + (off_t)size)) return fails(EIO);
  return next(descriptor, out, size, offset);
}

ssize_t pread64(int descriptor, void *out, size_t size, off_t offset) { return pread(descriptor, out, size, offset); }

ssize_t read(int descriptor, void *out, size_t size) {
  static ssize_t (*next)(int, void *, size_t);
  if (next == NULL) next = dlsym(RTLD_NEXT, "read");
  if (is_beyond("FAULT_READ", descriptor, lseek(descriptor, 0, SEEK_CUR) + (off_t)size)) return fails(EIO);
  return next(descriptor, out, size);
}

ssize_t write(int descriptor, const void *data, size_t size) {
  static ssize_t (*next)(int, const void *, size_t);
  if (next == NULL) next = dlsym(RTLD_NEXT, "write");
  if (is_beyond("FAULT_WRITE", descriptor, lseek(descriptor, 0, SEEK_CUR) + (off_t)size)) return fails(ENOSPC);
  return next(descriptor, data, size);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (next == NULL) next = dlsym(RTLD_NEXT, "pthread_create");
  return getenv("FAULT_THREADS") != NULL ? EAGAIN : next(thread, attributes, start, argument);
}
