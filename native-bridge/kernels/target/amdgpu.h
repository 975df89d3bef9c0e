// What the prelude is made of on AMD GPUs: clang's builtins alone.
#pragma once

#define DEVICE __attribute__((device))
#define IN(T) const T *__restrict__
#define OUT(T) T *__restrict__
#define WORKGROUP(T, NAME, COUNT) static __attribute__((shared)) T NAME[COUNT]

/** An entry of the code object, of workgroups of THREADS: a function over ARGUMENTS, which the file defines, and PASSED, their names. */
#define KERNEL_OF(THREADS, NAME, ...)                                                              \
  extern "C" __attribute__((global, amdgpu_flat_work_group_size(THREADS, THREADS))) void NAME(ARGUMENTS) { \
    __VA_ARGS__(PASSED);                                                                           \
  }

extern __attribute__((shared, aligned(16))) unsigned char dynamic_memory[];

/** Workgroup memory whose size the launch gives, from byte `offset_bytes` on. */
template <class T>
static inline DEVICE T *dynamic_workgroup(u32 offset_bytes) {
  return reinterpret_cast<T *>(dynamic_memory + offset_bytes);
}

static inline DEVICE vec3u workgroup_id() {
  return vec3u{__builtin_amdgcn_workgroup_id_x(), __builtin_amdgcn_workgroup_id_y(), __builtin_amdgcn_workgroup_id_z()};
}

static inline DEVICE u32 local_invocation_index() {
  return __builtin_amdgcn_workitem_id_x();
}

static inline DEVICE void workgroupBarrier() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

/** Adds to a word of workgroup memory, whoever else does. */
static inline DEVICE void atomicAdd(u32 *word, u32 value) {
  __scoped_atomic_fetch_add(word, value, __ATOMIC_RELAXED, __MEMORY_SCOPE_WRKGRP);
}

/** The compiler keeps what stands before it before it: else it fetches so much at once that registers spill. */
static inline DEVICE void in_this_order() {
  __builtin_amdgcn_sched_barrier(0);
}

static inline DEVICE u32 subgroup_size() {
  return __builtin_amdgcn_wavefrontsize();
}

static inline DEVICE u32 subgroup_invocation_id() {
  return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0u));
}

/** The same number, which all threads have alike, as one that the compiler must not compute from before a loop: sixteen comparisons with it do not fit the scalar registers. */
static inline DEVICE u32 kept_in_loop(u32 uniform) {
  asm("" : "+s"(uniform));
  return uniform;
}

/** The word that lane `lane` of the subgroup gives; 0 where nobody is. All of the subgroup's threads that are there call it together. */
static inline DEVICE u32 lane_word(u32 word, u32 lane) {
  return __builtin_amdgcn_ds_bpermute(lane << 2, word);
}

/** The bytes of eight that the bytes of `which` name, at most 7; the first four are `low`. */
static inline DEVICE u32 select_bytes(u32 high, u32 low, u32 which) {
  return __builtin_amdgcn_perm(high, low, which);
}

/** The sum of products of four signed bytes with four others. */
static inline DEVICE i32 dot4I8Packed(u32 a, u32 b) {
#if defined(__GFX11__) || defined(__GFX12__)
  return __builtin_amdgcn_sudot4(true, a, true, b, 0, false);
#elif defined(__gfx1010__)
  i32 sum = 0;
  for (u32 i = 0; i < 32; i += 8) sum += (i32)(signed char)(a >> i) * (i32)(signed char)(b >> i);
  return sum;
#else
  return __builtin_amdgcn_sdot4(a, b, 0, false);
#endif
}
