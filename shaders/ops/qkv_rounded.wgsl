// `matvec_rounded` over stacked Q, K and V, LANES threads a pair of neighbouring rows, that ends in RoPE and the store into q or the
// paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1, then rounded ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / (THREADS / LANES)⌉, 1, ⌈batch / BATCH⌉)
import package::lib::batch::{ BATCH, MAX_BATCH, batch_rows };
@if(HALVES) import package::lib::half::{ CHUNK, LANES, THREADS, add_chunk, take_chunk, x_squares };
@if(!HALVES) import package::lib::int8::{ CHUNK, LANES, THREADS, add_chunk, take_chunk, x_squares };
import package::lib::norm::{ NORM, norm_scale };
import package::lib::qkv::{ params, pair_count, finish };
@if(F16) enable f16;

override SUMS: u32 = 2u * BATCH; // that lanes share: of the batch with the even row, with the odd one

var<workgroup> partial_sums: array<f32, SUMS * THREADS>; // [sum × thread]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let pair = group.x * (THREADS / LANES) + local / LANES;
  let even = 2u * min(pair, pair_count() - 1u); // threads past the end compute the last pair again and store nothing
  let lane = local % LANES;
  let first = group.z * BATCH;
  let count = batch_rows(first, 0u);
  var evens: array<f32, MAX_BATCH>;
  var odds: array<f32, MAX_BATCH>;
  for (var start = 0u; start < params.units; start += CHUNK) {
    take_chunk(start, params.units, first, count, 0u, local);
    add_chunk(&evens, even, params.units, params.plane, start, count, lane);
    add_chunk(&odds, even + 1u, params.units, params.plane, start, count, lane);
  }
  for (var b = 0u; b < BATCH; b++) {
    partial_sums[b * THREADS + local] = evens[b];
    partial_sums[(BATCH + b) * THREADS + local] = odds[b];
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
    if (NORM == 1u) { scale = norm_scale(x_squares[b], params.units, params.epsilon); }
    finish(pair, first + b, vec2f(partial_sums[at], partial_sums[at + BATCH * THREADS]) * scale);
  }
}
