#include "workgroups.h"
#include "fibers.h"
#include "memory.h"
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <map>
#include <numeric>
#include <vector>

namespace sim {
namespace {

/** Each array of workgroup memory has pages of its own, so that who leaves it is found. */
constexpr size_t LARGEST_WORKGROUP_BYTES = 64 * 1024;

enum class State { Ready, AtBarrier, AtLaneWord, Finished };

struct Thread {
  SimThread self;
  State state;
  unsigned word;
  unsigned lane;
};

struct Site {
  void *memory;
  size_t size_bytes;
};

/** Of a workgroup that runs: who declared it, and where it is. */
struct Declared {
  const void *site;
  void *memory;
};

unsigned wave = 32;
uint64_t random_state = 1;
std::vector<Thread> threads;
std::vector<unsigned> ready;
unsigned current;
unsigned at_barrier;
/** Of each subgroup the threads that have not come to its next exchange, and are not finished. */
unsigned on_the_way[MAX_THREADS / 32];
const Launch *running;
void **running_arguments;
/** Of the workgroup that runs: few, so that they are looked through. */
std::vector<Declared> declared;
void *dynamic_site;
sigjmp_buf recovery;
const void *fault_address;

/** Kept from workgroup to workgroup. Made when first asked for: the simulator is configured while it is loaded. */
std::map<const void *, Site> &sites() {
  static std::map<const void *, Site> all;
  return all;
}

uint64_t next_random() {
  random_state += 0x9e3779b97f4a7c15u;
  uint64_t z = random_state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void make_ready(unsigned index) {
  threads[index].state = State::Ready;
  ready.push_back(index);
}

const SimThread *thread() {
  return &threads[current].self;
}

void barrier() {
  threads[current].state = State::AtBarrier;
  at_barrier++;
  if (at_barrier == threads.size()) {
    at_barrier = 0;
    for (unsigned i = 0; i < threads.size(); i++) make_ready(i);
  }
  leave();
}

/** Gives the words of a subgroup to each other. */
void exchange(unsigned first) {
  const unsigned end = std::min<unsigned>(first + wave, threads.size());
  unsigned words[64] = {};
  for (unsigned i = first; i < end; i++) {
    if (threads[i].state == State::AtLaneWord) words[i - first] = threads[i].word;
  }
  for (unsigned i = first; i < end; i++) {
    if (threads[i].state != State::AtLaneWord) continue;
    threads[i].word = threads[i].lane < wave ? words[threads[i].lane] : 0;
    on_the_way[first / wave]++;
    make_ready(i);
  }
}

/** The running thread waits for its subgroup, or has ended: what the others wait for may be there now. */
void arrive() {
  const unsigned subgroup = current / wave;
  if (--on_the_way[subgroup] == 0) exchange(subgroup * wave);
}

unsigned lane_word(unsigned word, unsigned lane) {
  Thread &mine = threads[current];
  mine.state = State::AtLaneWord;
  mine.word = word;
  mine.lane = lane;
  arrive();
  leave();
  return threads[current].word;
}

unsigned subgroup_size() {
  return wave;
}

void *workgroup_memory(const void *site, unsigned long size_bytes) {
  for (const Declared &one : declared) {
    if (one.site == site) return one.memory;
  }
  Site &mine = sites()[site];
  if (mine.size_bytes != size_bytes) mine = {allocate(size_bytes, true, "workgroup memory"), size_bytes};
  memset(mine.memory, POISON, size_bytes);
  declared.push_back({site, mine.memory});
  return mine.memory;
}

void *dynamic_memory() {
  return dynamic_site;
}

void run_thread() {
  running->kernel->run(running_arguments);
  threads[current].state = State::Finished;
  arrive();
  leave();
}

std::string place_of(const SimThread &where) {
  return running->name + ", workgroup (" + std::to_string(where.group[0]) + ", " + std::to_string(where.group[1]) + ", " +
         std::to_string(where.group[2]) + "), thread " + std::to_string(where.local);
}

/** Relative to the nearest memory, which may be an argument: the kernel's text has them in this order. */
std::string place_of_fault() {
  const Nearest nearest = nearest_to(fault_address);
  for (unsigned i = 0; i < running->kernel->argument_count; i++) {
    const void *argument = nullptr;
    if (running->kernel->argument_bytes[i] == sizeof argument) memcpy(&argument, running_arguments[i], sizeof argument);
    if (argument != nullptr && argument == nearest.memory) return nearest.words + ", its argument " + std::to_string(i);
  }
  return nearest.words;
}

/** Why nobody can go on. */
std::string stuck() {
  for (const Thread &one : threads) {
    if (one.state == State::AtLaneWord) {
      return "a subgroup operation that not all threads of the subgroup reach: " + place_of(one.self);
    }
  }
  for (const Thread &one : threads) {
    if (one.state == State::AtBarrier) return "a barrier that not all threads of the workgroup reach: " + place_of(one.self);
  }
  return "";
}

std::string run_workgroup(unsigned x, unsigned y, unsigned z) {
  ready.clear();
  at_barrier = 0;
  declared.clear();
  if (dynamic_site != nullptr) memset(dynamic_site, POISON, running->dynamic_bytes);
  std::fill(std::begin(on_the_way), std::end(on_the_way), 0);
  for (unsigned i = 0; i < threads.size(); i++) {
    threads[i] = {{{x, y, z}, i}, State::Ready, 0, 0};
    on_the_way[i / wave]++;
    prepare_fiber(i, run_thread);
    ready.push_back(i);
  }
  while (!ready.empty()) {
    const unsigned turn = random_below(static_cast<unsigned>(ready.size()));
    current = ready[turn];
    ready[turn] = ready.back();
    ready.pop_back();
    resume_fiber(current);
  }
  return stuck();
}

void on_fault(int, siginfo_t *info, void *) {
  fault_address = info->si_addr;
  siglongjmp(recovery, 1);
}

/** Catches accesses to forbidden pages while it lives. */
class FaultTrap {
public:
  FaultTrap() {
    static std::vector<char> stack(64 * 1024);
    stack_t ours = {};
    ours.ss_sp = stack.data();
    ours.ss_size = stack.size();
    sigaltstack(&ours, &stack_before);
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &segv_before);
    sigaction(SIGBUS, &action, &bus_before);
  }
  ~FaultTrap() {
    sigaction(SIGSEGV, &segv_before, nullptr);
    sigaction(SIGBUS, &bus_before, nullptr);
    sigaltstack(&stack_before, nullptr);
  }

private:
  stack_t stack_before;
  struct sigaction segv_before;
  struct sigaction bus_before;
};

std::string run_workgroups() {
  const uint64_t count = uint64_t{running->grid[0]} * running->grid[1] * running->grid[2];
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (uint64_t i = count; i > 1; i--) std::swap(order[i - 1], order[next_random() % i]);
  for (const uint32_t group : order) {
    const unsigned x = group % running->grid[0];
    const unsigned y = group / running->grid[0] % running->grid[1];
    const std::string problem = run_workgroup(x, y, group / running->grid[0] / running->grid[1]);
    if (!problem.empty()) return problem;
  }
  return "";
}

} // namespace

void configure(unsigned wave_threads, uint64_t seed) {
  wave = wave_threads;
  random_state = seed;
  // The next ones lie where memory is to lie now.
  for (const auto &[_, site] : sites()) release(site.memory, true);
  sites().clear();
}

unsigned wave_size() {
  return wave;
}

unsigned random_below(unsigned bound) {
  return static_cast<unsigned>((next_random() >> 32) * bound >> 32);
}

SimServices *services() {
  static SimServices table = {thread, barrier, subgroup_size, lane_word, workgroup_memory, dynamic_memory};
  return &table;
}

std::string run_kernel(const Launch &launch, void **arguments) {
  if (launch.threads == 0 || launch.threads > MAX_THREADS) return launch.name + " has " + std::to_string(launch.threads) + " threads";
  if (launch.dynamic_bytes > LARGEST_WORKGROUP_BYTES) return launch.name + " wants too much workgroup memory";
  running = &launch;
  running_arguments = arguments;
  threads.resize(launch.threads);
  dynamic_site = launch.dynamic_bytes == 0 ? nullptr : allocate(launch.dynamic_bytes, true, "dynamic workgroup memory");
  const FaultTrap trap;
  std::string problem;
  if (sigsetjmp(recovery, 1) == 0) {
    problem = run_workgroups();
  } else {
    problem = "memory that is not its own, " + place_of_fault() + ": " + place_of(threads[current].self);
  }
  if (dynamic_site != nullptr) release(dynamic_site, true);
  return problem;
}

} // namespace sim
