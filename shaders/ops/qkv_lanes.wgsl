// `matvec_lanes` over stacked Q, K and V, LANES threads a pair of neighbouring rows, that ends in RoPE and the store into q or
// the paged KV cache: what `matvec` and `rope_kv` give one after the other. Needs no feature.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1 ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / (THREADS / LANES)⌉, 1, ⌈batch / BATCH⌉)
import package::lib::batch::{ BATCH, MAX_BATCH, batch_rows };
import package::lib::norm::{ NORM, add_normed_row, norm_scale };
import package::lib::qkv::{ params, pair_count, finish };

override LANES: u32 = 8u; // threads that share a pair; a power of two
override THREADS: u32 = 64u;
override SUMS: u32 = BATCH * (2u + NORM); // that lanes share: of the batch with the even row, with the odd one, of the squares of x

var<workgroup> partial_sums: array<f32, SUMS * THREADS>; // [sum × thread]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let pair = group.x * (THREADS / LANES) + local / LANES;
  let even = 2u * min(pair, pair_count() - 1u); // threads past the end compute the last pair again and store nothing
  let lane = local % LANES;
  let first = group.z * BATCH;
  let count = batch_rows(first, 0u);
  var evens: array<vec4f, MAX_BATCH>;
  var squares: array<f32, MAX_BATCH>;
  add_normed_row(&evens, &squares, true, even, params.units, params.plane, first, count, 0u, lane, LANES);
  for (var b = 0u; b < BATCH; b++) { partial_sums[b * THREADS + local] = dot(evens[b], vec4f(1.0)); }
  var odds: array<vec4f, MAX_BATCH>;
  add_normed_row(&odds, &squares, false, even + 1u, params.units, params.plane, first, count, 0u, lane, LANES);
  for (var b = 0u; b < BATCH; b++) { partial_sums[(BATCH + b) * THREADS + local] = dot(odds[b], vec4f(1.0)); }
  if (NORM == 1u) {
    for (var b = 0u; b < BATCH; b++) { partial_sums[(2u * BATCH + b) * THREADS + local] = squares[b]; }
  }
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (var i = local; i < SUMS * THREADS; i += THREADS) { partial_sums[i] += partial_sums[i + half]; }
    }
    workgroupBarrier();
  }
  if (pair >= pair_count()) { return; }
  // The lanes share the batch's rows.
  for (var b = lane; b < count; b += LANES) {
    let at = b * THREADS + local - lane;
    var scale = 1.0;
    if (NORM == 1u) { scale = norm_scale(partial_sums[at + 2u * BATCH * THREADS], params.units, params.epsilon); }
    finish(pair, first + b, vec2f(partial_sums[at], partial_sums[at + BATCH * THREADS]) * scale);
  }
}
