// Sums over a workgroup of LANES·groups threads. Every thread of the workgroup must call, in uniform control flow.
override LANES: u32 = 64u; // threads that share one sum; a power of two
override THREADS: u32 = 64u;

var<workgroup> partial_sums: array<f32, THREADS>;

// The sum of `value` over the LANES neighbouring threads that `local` belongs to, in the first of them.
fn lane_sum(value: f32, local: u32) -> f32 {
  partial_sums[local] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (local % LANES < half) { partial_sums[local] += partial_sums[local + half]; }
    workgroupBarrier();
  }
  let sum = partial_sums[local - local % LANES];
  workgroupBarrier();
  return sum;
}
