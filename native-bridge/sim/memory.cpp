#include "memory.h"
#include <cstdint>
#include <cstring>
#include <map>
#include <sys/mman.h>
#include <unistd.h>

namespace sim {
namespace {

/**
 * Of a GPU it is 256 bytes. Here only words are aligned where memory ends at a forbidden page, so that a word too far is found too: kernels for the
 * simulator are compiled so that they take vectors from any word.
 */
constexpr size_t ALIGNMENT = 4;
constexpr size_t NEAR_BYTES = size_t{1} << 30;

struct Allocation {
  std::string name;
  size_t size_bytes;
  char *mapping;
  size_t mapping_bytes;
  bool pinned;
};

std::map<uintptr_t, Allocation> allocations;
size_t limit = size_t{4} << 30;
size_t used;
Placement placement = Placement::AtEnd;

size_t page_bytes() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

/** The allocation that begins at or below the address. */
std::map<uintptr_t, Allocation>::iterator below(uintptr_t address) {
  const auto above = allocations.upper_bound(address);
  return above == allocations.begin() ? allocations.end() : std::prev(above);
}

std::string in_words(const Allocation &allocation) {
  const std::string size = "an allocation of " + std::to_string(allocation.size_bytes) + " bytes";
  return allocation.name.empty() ? size : allocation.name + ", " + size;
}

} // namespace

void place_memory(Placement chosen) {
  placement = chosen;
}

void *allocate(size_t size_bytes, bool pinned, const std::string &name) {
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
  char *memory = placement == Placement::AtEnd ? first + body - padded : first;
  allocations[reinterpret_cast<uintptr_t>(memory)] = {name, size_bytes, static_cast<char *>(mapping), mapping_bytes, pinned};
  if (!pinned) used += size_bytes;
  return memory;
}

void name_memory(const void *memory, const std::string &name) {
  const auto found = allocations.find(reinterpret_cast<uintptr_t>(memory));
  if (found != allocations.end()) found->second.name = name;
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

Nearest nearest_to(const void *memory) {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  const auto found = below(address);
  if (found != allocations.end()) {
    const size_t into = address - found->first;
    const size_t size = found->second.size_bytes;
    if (into >= size && into - size < NEAR_BYTES) {
      return {reinterpret_cast<void *>(found->first), std::to_string(into - size) + " bytes behind " + in_words(found->second)};
    }
  }
  const auto above = allocations.upper_bound(address);
  if (above != allocations.end() && above->first - address < NEAR_BYTES) {
    const std::string distance = std::to_string(above->first - address);
    return {reinterpret_cast<void *>(above->first), distance + " bytes before " + in_words(above->second)};
  }
  return {nullptr, "in no allocation"};
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
