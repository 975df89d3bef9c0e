// `matvec_rows` over stacked Q, K and V, a pair of neighbouring rows a thread, that ends in RoPE and the store into q or the
// paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1 ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / 64⌉, 1, ⌈batch / BATCH⌉)
import package::lib::batch::{ BATCH, batch_rows };
import package::lib::pair::{ Sums, add_pair, pair_dots };
import package::lib::qkv::{ params, pair_count, finish };

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pair = id.x;
  if (pair >= pair_count()) { return; }
  let first = id.z * BATCH;
  let count = batch_rows(first, 0u);
  var sums: Sums;
  add_pair(&sums, vec2u(2u * pair, 2u * pair + 1u), params.units, params.plane, first, count, 0u);
  for (var r = 0u; r < BATCH; r++) {
    if (r < count) { finish(pair, first + r, pair_dots(&sums, r, params.units, params.epsilon)); }
  }
}
