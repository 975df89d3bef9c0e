// What the prelude is made of on the host: calls into the simulator, native-bridge/sim, which loads this as a "code object".
#pragma once
#include "../../sim/kernel-abi.h"

#define DEVICE
#define IN(T) const T *
#define OUT(T) T *
#define WORKGROUP(T, NAME, COUNT)     \
  static char NAME##_site;            \
  T *const NAME = static_cast<T *>(sim_services->workgroup_memory(&NAME##_site, sizeof(T[COUNT])))

/** An entry of the code object, of workgroups of THREADS: a function over ARGUMENTS, which the file defines. */
#define KERNEL_OF(THREADS, NAME, ...) \
  extern "C" __attribute__((visibility("default"), used)) const SimKernel NAME = SimEntry<void(ARGUMENTS)>::kernel<&__VA_ARGS__>(THREADS);

/** Workgroup memory whose size the launch gives, from byte `offset_bytes` on. */
template <class T>
static inline T *dynamic_workgroup(u32 offset_bytes) {
  return reinterpret_cast<T *>(static_cast<unsigned char *>(sim_services->dynamic_memory()) + offset_bytes);
}

static inline vec3u workgroup_id() {
  const u32 *id = sim_services->thread()->group;
  return vec3u{id[0], id[1], id[2]};
}

static inline u32 local_invocation_index() {
  return sim_services->thread()->local;
}

static inline void workgroupBarrier() {
  sim_services->barrier();
}

/** Fibers take turns at barriers and lane words alone. */
static inline void atomicAdd(u32 *word, u32 value) {
  *word += value;
}

static inline void in_this_order() {}

static inline u32 subgroup_size() {
  return sim_services->subgroup_size();
}

static inline u32 subgroup_invocation_id() {
  return sim_services->thread()->local % sim_services->subgroup_size();
}

/** A hint to compilers of GPUs. */
static inline u32 kept_in_loop(u32 uniform) {
  return uniform;
}

/** The word that lane `lane` of the subgroup gives; 0 where nobody is. All of the subgroup's threads that are there call it together. */
static inline u32 lane_word(u32 word, u32 lane) {
  return sim_services->lane_word(word, lane);
}

/** The bytes of eight that the bytes of `which` name, at most 7; the first four are `low`. */
static inline u32 select_bytes(u32 high, u32 low, u32 which) {
  const u64 eight = (static_cast<u64>(high) << 32u) | low;
  u32 chosen = 0;
  for (u32 i = 0; i < 32; i += 8) chosen |= (static_cast<u32>(eight >> (8u * ((which >> i) & 255u))) & 255u) << i;
  return chosen;
}

/** The sum of products of four signed bytes with four others. */
static inline i32 dot4I8Packed(u32 a, u32 b) {
  i32 sum = 0;
  for (u32 i = 0; i < 32; i += 8) sum += static_cast<i32>(static_cast<signed char>(a >> i)) * static_cast<signed char>(b >> i);
  return sum;
}
