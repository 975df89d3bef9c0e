// The vocabulary of WGSL in C++, so that a kernel reads line by line like the shader that it mirrors. It compiles for AMD GPUs with
// stock clang (no SDK, no device libraries), and for the host, where native-bridge/sim runs the same text.
//
// How a kernel is written (ops/matvec_lanes.hip is the model):
// - ops/X.hip mirrors shaders/ops/X.wgsl: the same bindings in the same order, the same words of parameters. All of it stands in
//   `namespace X`, because a code object is one compilation of many files.
// - A binding is an argument: params (by value), the step's input (always, also where it is not read), then bindings 2, 3, …, and last
//   the constants. `IN(T)` is read only, `OUT(T)` is written, or both. What WGSL reaches as a global is handed to the
//   functions of lib/: `row_count(step)`, `dequant32(weights, unit, plane)`.
// - Constants that size arrays are template arguments, with an instance for each value (`KERNEL(X__4, X<4>)`; `KERNEL_OF(256u, …)`
//   where a workgroup has other than 64 threads); all others are words of
//   `struct Constants`, so that few instances do for all of a shader's pipelines. native-bridge/hip/kernel-table.ts has a line for each kernel: which
//   instance a dispatch takes, and the constants in their order.
// - BATCH is both: the instance has place for CAPACITY rows (1, 4 or 16), the constant says how many there are at most.
// - `WORKGROUP(type, name, count)` is workgroup memory; where its size is known only at run time `dynamic_workgroup<T>(offset_bytes)`, whose size the
//   kernel's line in the table computes. Never zeroed, as on a GPU.
// - A KV type is a struct with static functions (kv/f16.hip), a template argument of the kernels that read the cache. A block format is
//   whatever quant/*.hip is compiled with the file: one code object a format, of all files that include lib/format.h.
// - Floats need their `f` (`1.0f`): a double is an error here. Shifts by 32 or more are undefined, other than in WGSL, and so is what lies
//   beyond a buffer: the simulator finds both.
// - Nothing is contracted behind our back, so that a row has the same bits in every instance: say `fma(a, b, c)` where you want one.
// - Subgroups have 32 or 64 threads: ask `subgroup_size()`.
#pragma once

typedef unsigned int u32;
typedef int i32;
typedef float f32;
typedef unsigned long long u64;

#define VECTOR(T, N) T __attribute__((ext_vector_type(N)))
typedef VECTOR(f32, 2) vec2f;
typedef VECTOR(f32, 3) vec3f;
typedef VECTOR(f32, 4) vec4f;
typedef VECTOR(u32, 2) vec2u;
typedef VECTOR(u32, 3) vec3u;
typedef VECTOR(u32, 4) vec4u;
typedef VECTOR(i32, 2) vec2i;
typedef VECTOR(i32, 3) vec3i;
typedef VECTOR(i32, 4) vec4i;
typedef VECTOR(_Float16, 2) half2;

#if defined(__AMDGCN__)
#include "target/amdgpu.h"
#else
#include "target/sim.h"
#endif

/** An entry with workgroups of 64 threads, as nearly all have. */
#define KERNEL(NAME, ...) KERNEL_OF(64u, NAME, __VA_ARGS__)

/** What a function of a kernel is declared with. */
#define FN static inline __attribute__((always_inline)) DEVICE
/** The same of a static member. */
#define FN_MEMBER inline __attribute__((always_inline)) DEVICE

/** WGSL's array: it has a value, and is given back by functions. */
template <class T, u32 N>
struct array {
  T items[N];
  DEVICE T &operator[](u32 i) { return items[i]; }
  DEVICE const T &operator[](u32 i) const { return items[i]; }
};

/** The same bits as another type. */
template <class T, class F>
FN T bitcast(F value) {
  return __builtin_bit_cast(T, value);
}

#include "lib/vectors.h"
#include "lib/builtins.h"
