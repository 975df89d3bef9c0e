// Runs a kernel: workgroups one after the other and the threads of each in turns, both in an order that comes from the seed.
#pragma once
#include "kernel-abi.h"
#include <cstdint>
#include <string>

namespace sim {

struct Launch {
  const SimKernel *kernel;
  std::string name;
  unsigned grid[3];
  unsigned threads;
  unsigned dynamic_bytes;
};

/** Of everything that runs from now on. */
void configure(unsigned wave, uint64_t seed);
unsigned wave_size();
SimServices *services();

/** Runs it whole; what went wrong, or empty. `arguments`: a pointer to each. */
std::string run_kernel(const Launch &launch, void **arguments);

/** A number below `bound`, the next of the seed. */
unsigned random_below(unsigned bound);

} // namespace sim
