#include "memory.h"
#include <cstdint>
#include <cstring>
#include <map>
#include <sys/mman.h>
#include <unistd.h>

namespace sim {
namespace {

/** As large as the largest load of a kernel. */
constexpr size_t ALIGNMENT = 16;

struct Allocation {
  size_t size_bytes;
  char *mapping;
  size_t mapping_bytes;
  bool pinned;
};

std::map<uintptr_t, Allocation> allocations;
size_t limit = size_t{4} << 30;
size_t used;

size_t page_bytes() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

/** The allocation that begins at or below the address. */
std::map<uintptr_t, Allocation>::iterator below(uintptr_t address) {
  const auto above = allocations.upper_bound(address);
  return above == allocations.begin() ? allocations.end() : std::prev(above);
}

} // namespace

void *allocate(size_t size_bytes, bool pinned) {
  if (!pinned && size_bytes > limit - used) return nullptr;
  const size_t page = page_bytes();
  const size_t body = (size_bytes + page - 1) / page * page;
  const size_t mapping_bytes = body + 2 * page;
  void *mapping = mmap(nullptr, mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  char *first = static_cast<char *>(mapping) + page;
  mprotect(first, body, PROT_READ | PROT_WRITE);
  memset(first, POISON, body);
  const size_t padded = (size_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  char *memory = first + body - padded;
  allocations[reinterpret_cast<uintptr_t>(memory)] = {size_bytes, static_cast<char *>(mapping), mapping_bytes, pinned};
  if (!pinned) used += size_bytes;
  return memory;
}

bool release(void *memory, bool pinned) {
  const auto found = allocations.find(reinterpret_cast<uintptr_t>(memory));
  if (found == allocations.end() || found->second.pinned != pinned) return false;
  if (!pinned) used -= found->second.size_bytes;
  // Kept as forbidden addresses, not given to the next: who still uses them is found.
  mprotect(found->second.mapping, found->second.mapping_bytes, PROT_NONE);
  madvise(found->second.mapping, found->second.mapping_bytes, MADV_DONTNEED);
  allocations.erase(found);
  return true;
}

bool owns(const void *memory, size_t size_bytes, bool pinned) {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  const auto found = below(address);
  if (found == allocations.end() || found->second.pinned != pinned) return false;
  return address + size_bytes <= found->first + found->second.size_bytes;
}

std::string describe_address(const void *memory) {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  const auto found = below(address);
  if (found != allocations.end()) {
    const size_t into = address - found->first;
    const size_t size = found->second.size_bytes;
    if (into >= size && into - size < (size_t{1} << 30)) {
      return std::to_string(into - size) + " bytes behind an allocation of " + std::to_string(size) + " bytes";
    }
  }
  const auto above = allocations.upper_bound(address);
  if (above != allocations.end() && above->first - address < (size_t{1} << 30)) {
    return std::to_string(above->first - address) + " bytes before an allocation of " + std::to_string(above->second.size_bytes) + " bytes";
  }
  return "in no allocation";
}

void limit_memory(size_t size_bytes) {
  limit = size_bytes;
}

size_t free_memory() {
  return limit - used;
}

size_t total_memory() {
  return limit;
}

} // namespace sim
