// `matvec_subgroup` over stacked Q, K and V, a workgroup a pair of neighbouring rows, that ends in RoPE and the store into q or
// the paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1 ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (columns of ≤ 65,535 workgroups, as many as it takes, ⌈batch / BATCH⌉)
import quant::GROUP_UNITS;
import package::lib::batch::{ BATCH, MAX_BATCH, batch_rows };
import package::lib::norm::{ NORM, add_normed_row, norm_scale };
import package::lib::qkv::{ params, pair_count, finish };
enable subgroups;

override THREADS: u32 = select(64u, 32u, GROUP_UNITS > 2u); // up to 4096 columns are no more groups of four
override SUBGROUPS: u32 = THREADS / 4u; // a subgroup has at least 4 threads
override SUMS: u32 = BATCH * (2u + NORM); // of the batch with the even row, with the odd one, of the squares of x

var<workgroup> partial_sums: array<f32, SUMS * SUBGROUPS>; // [sum × subgroup]

// Sum `i` over the workgroup.
fn total(i: u32, subgroups: u32) -> f32 {
  var sum = 0.0;
  for (var s = 0u; s < subgroups; s++) { sum += partial_sums[i * SUBGROUPS + s]; }
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let pair = group.y * groups.x + group.x;
  if (pair >= pair_count()) { return; }
  let first = group.z * BATCH;
  let count = batch_rows(first, 0u);
  var evens: array<vec4f, MAX_BATCH>;
  var squares: array<f32, MAX_BATCH>;
  add_normed_row(&evens, &squares, true, 2u * pair, params.units, params.plane, first, count, 0u, local, THREADS);
  for (var b = 0u; b < BATCH; b++) {
    let own = subgroupAdd(dot(evens[b], vec4f(1.0)));
    if (lane == 0u) { partial_sums[b * SUBGROUPS + local / size] = own; }
  }
  var odds: array<vec4f, MAX_BATCH>;
  add_normed_row(&odds, &squares, false, 2u * pair + 1u, params.units, params.plane, first, count, 0u, local, THREADS);
  for (var b = 0u; b < BATCH; b++) {
    let own = subgroupAdd(dot(odds[b], vec4f(1.0)));
    if (lane == 0u) { partial_sums[(BATCH + b) * SUBGROUPS + local / size] = own; }
  }
  if (NORM == 1u) {
    for (var b = 0u; b < BATCH; b++) {
      let own = subgroupAdd(squares[b]);
      if (lane == 0u) { partial_sums[(2u * BATCH + b) * SUBGROUPS + local / size] = own; }
    }
  }
  workgroupBarrier();
  if (local >= count) { return; }
  let subgroups = (THREADS + size - 1u) / size;
  var scale = 1.0;
  if (NORM == 1u) { scale = norm_scale(total(2u * BATCH + local, subgroups), params.units, params.epsilon); }
  finish(pair, first + local, vec2f(total(local, subgroups), total(BATCH + local, subgroups)) * scale);
}
