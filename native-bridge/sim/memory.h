// Memory of the simulated device: each allocation between pages that must not be touched, so that a kernel that leaves it is caught.
#pragma once
#include <cstddef>
#include <string>

namespace sim {

/** What nobody has written yet: NaN as a float, far outside of anything as an index. */
constexpr unsigned char POISON = 0xff;

/** Poisoned memory that ends where the forbidden page begins, but for what alignment takes; `nullptr` where `limit_memory` is reached. */
void *allocate(size_t size_bytes, bool pinned);
/** False where it is no allocation. */
bool release(void *memory, bool pinned);
/** Whether all of the bytes lie in one allocation of that kind. */
bool owns(const void *memory, size_t size_bytes, bool pinned);
/** Where an address lies relative to the nearest allocation, in words. */
std::string describe_address(const void *address);
/** Of device memory that may be allocated. */
void limit_memory(size_t size_bytes);
size_t free_memory();
size_t total_memory();

} // namespace sim
