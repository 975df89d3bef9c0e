// Memory of the simulated device: each allocation between pages that must not be touched, so that a kernel that leaves it is caught.
#pragma once
#include <cstddef>
#include <string>

namespace sim {

/** What nobody has written yet: NaN as a float, far outside of anything as an index. */
constexpr unsigned char POISON = 0xff;

/** Where memory lies between the forbidden pages: what is read or written beyond the end that touches one is found, at the other it may be not. */
enum class Placement { AtStart, AtEnd };

/** Of all that is allocated from now on. */
void place_memory(Placement placement);
/** Poisoned memory, whole words; `nullptr` where `limit_memory` is reached. `name`: what messages call it. */
void *allocate(size_t size_bytes, bool pinned, const std::string &name = "");
/** What messages call it from now on. */
void name_memory(const void *memory, const std::string &name);
/** False where it is no allocation. */
bool release(void *memory, bool pinned);
/** Whether all of the bytes lie in one allocation of that kind. */
bool owns(const void *memory, size_t size_bytes, bool pinned);
struct Nearest {
  /** Where it begins; `nullptr`: there is none near. */
  const void *memory;
  /** Where the address lies relative to it. */
  std::string words;
};

/** The allocation nearest to an address. */
Nearest nearest_to(const void *address);
/** Of device memory that may be allocated. */
void limit_memory(size_t size_bytes);
size_t free_memory();
size_t total_memory();

} // namespace sim
