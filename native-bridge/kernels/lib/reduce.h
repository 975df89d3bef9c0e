// Sums over a workgroup of LANES·groups threads. Every thread of the workgroup must call, in uniform control flow.
#pragma once

// The sum of `value` over the LANES neighbouring threads that `local` belongs to, a power of two, in the first of them.
// `partial_sums`: workgroup memory of a float a thread.
template <u32 LANES>
FN f32 lane_sum(f32 *partial_sums, f32 value, u32 local) {
  partial_sums[local] = value;
  workgroupBarrier();
  for (u32 half = LANES / 2u; half > 0u; half /= 2u) {
    if (local % LANES < half) partial_sums[local] += partial_sums[local + half];
    workgroupBarrier();
  }
  const f32 sum = partial_sums[local - local % LANES];
  workgroupBarrier();
  return sum;
}
