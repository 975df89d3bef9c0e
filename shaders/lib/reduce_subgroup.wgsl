// The sum over a whole workgroup with subgroup operations, for any subgroup size.
override THREADS: u32 = 64u;

var<workgroup> partial_sums: array<f32, THREADS>;

// The sum of `value` over all threads, in every thread. Every thread must call, in uniform control flow.
fn workgroup_sum(value: f32, local: u32, lane: u32, size: u32) -> f32 {
  let own = subgroupAdd(value);
  if (lane == 0u) { partial_sums[local / size] = own; }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < (THREADS + size - 1u) / size; i++) { sum += partial_sums[i]; }
  workgroupBarrier();
  return sum;
}
