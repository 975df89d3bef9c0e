#include "fibers.h"
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace sim {
namespace {

/** Kernels keep what does not fit into registers on their stack: at most a few sums for each of 16 rows. */
constexpr size_t STACK_BYTES = 128 * 1024;

/**
 * Stacks that all ended at the same place of a page would take the same few places of the processor's cache from each other.
 */
size_t stack_bytes_of(unsigned index) {
  return STACK_BYTES - index % 16 * 256;
}

/** A stack with a page below it that must not be touched. Kept for the next workgroup. */
char *stack_of(unsigned index) {
  static char *stacks[MAX_THREADS];
  if (stacks[index] == nullptr) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    void *memory = mmap(nullptr, STACK_BYTES + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    mprotect(memory, page, PROT_NONE);
    stacks[index] = static_cast<char *>(memory) + page;
  }
  return stacks[index];
}

} // namespace

#if defined(__x86_64__)
// Much cheaper than swapcontext, which asks the kernel for the signal mask in each turn: thousands of threads meet at barriers.
extern "C" void sim_switch(void **from, void *to);
asm(R"(
.text
.p2align 4
.type sim_switch, @function
sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
.size sim_switch, .-sim_switch
)");

namespace {
void *outside;
void *places[MAX_THREADS];
unsigned current;
} // namespace

void prepare_fiber(unsigned index, void (*entry)()) {
  auto *top = reinterpret_cast<uintptr_t *>(stack_of(index) + stack_bytes_of(index));
  *--top = 0; // where `entry` would return to; keeps the stack aligned as after a call
  *--top = reinterpret_cast<uintptr_t>(entry);
  for (int i = 0; i < 6; i++) *--top = 0;
  places[index] = top;
}

void resume_fiber(unsigned index) {
  current = index;
  sim_switch(&outside, places[index]);
}

void leave() {
  sim_switch(&places[current], outside);
}
#else
namespace {
ucontext_t outside;
ucontext_t places[MAX_THREADS];
unsigned current;
} // namespace

void prepare_fiber(unsigned index, void (*entry)()) {
  getcontext(&places[index]);
  places[index].uc_stack.ss_sp = stack_of(index);
  places[index].uc_stack.ss_size = stack_bytes_of(index);
  places[index].uc_link = nullptr;
  makecontext(&places[index], entry, 0);
}

void resume_fiber(unsigned index) {
  current = index;
  swapcontext(&outside, &places[index]);
}

void leave() {
  swapcontext(&places[current], &outside);
}
#endif

} // namespace sim
