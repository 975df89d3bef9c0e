// What simulated kernels and the simulator know of each other. A kernel's shared object has a `SimKernel` under the kernel's name, and a
// pointer to the services, which the simulator sets when it loads the object.
#pragma once

struct SimThread {
  unsigned int group[3];
  unsigned int local;
};

struct SimServices {
  /** The thread that runs now. */
  const SimThread *(*thread)();
  /** Waits for the others of the workgroup. */
  void (*barrier)();
  unsigned int (*subgroup_size)();
  /** Waits for the others of the subgroup; the word that lane `lane` came with, 0 where there is none. */
  unsigned int (*lane_word)(unsigned int word, unsigned int lane);
  /** The running workgroup's memory that is declared at `site`: the same for all of its threads, full of NaN at first. */
  void *(*workgroup_memory)(const void *site, unsigned long size_bytes);
  void *(*dynamic_memory)();
};

/** `arguments` as a launch has them: a pointer to each. */
struct SimKernel {
  void (*run)(void **arguments);
  /** Of a workgroup. */
  unsigned int threads;
  unsigned int argument_count;
  unsigned int argument_bytes[16];
};

extern "C" __attribute__((visibility("default"), weak)) SimServices *sim_services;
__attribute__((weak)) SimServices *sim_services = nullptr;

template <class F>
struct SimEntry;

/** A function over such arguments as a `SimKernel`. */
template <class... A>
struct SimEntry<void(A...)> {
  template <int... I>
  struct Indices {};
  template <int N, int... I>
  struct UpTo : UpTo<N - 1, N - 1, I...> {};
  template <int... I>
  struct UpTo<0, I...> {
    using type = Indices<I...>;
  };

  template <void (*F)(A...), int... I>
  static void call(void **arguments, Indices<I...>) {
    F(*static_cast<A *>(arguments[I])...);
  }

  template <void (*F)(A...)>
  static void run(void **arguments) {
    call<F>(arguments, typename UpTo<sizeof...(A)>::type());
  }

  template <void (*F)(A...)>
  static constexpr SimKernel kernel(unsigned int threads) {
    return SimKernel{&run<F>, threads, sizeof...(A), {sizeof(A)...}};
  }
};
