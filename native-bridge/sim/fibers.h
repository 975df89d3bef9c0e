// A fiber for each thread of a workgroup: they run one at a time, on one thread of the host, and go on where they left off.
#pragma once
#include <cstddef>

namespace sim {

/** Threads a workgroup may have. */
constexpr unsigned MAX_THREADS = 1024;

/** Makes fiber `index` begin with `entry` when it is next resumed, which must end with `leave` and never return. */
void prepare_fiber(unsigned index, void (*entry)());

/** Runs a fiber until it calls `leave`. Called from outside of fibers. */
void resume_fiber(unsigned index);

/** Back to who resumed the fiber that runs. */
void leave();

} // namespace sim
