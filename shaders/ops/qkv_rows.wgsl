// `matvec_rows` over stacked Q, K and V, a pair of neighbouring rows a thread, that ends in RoPE and the store into q or the
// paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32, normed where NORM is 1 ·
// kv: one layer's cache · norm [32·units] f32 · q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / 64⌉, 1, ⌈batch / BATCH⌉)
import reads::read_lane;
import package::lib::batch::{ BATCH, batch_rows };
import package::lib::pair::{ Sums, add_pair, pair_dots };
import package::lib::qkv::{ params, pair_count, finish };

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let own = group.x * 64u + local;
  let pair = min(own, pair_count() - 1u); // threads behind the last pair read it too, and store nothing
  let first = group.z * BATCH;
  let count = batch_rows(first, 0u);
  var sums: Sums;
  add_pair(&sums, vec2u(2u * pair, 2u * pair + 1u), params.units, params.plane, first, count, 0u, read_lane());
  for (var r = 0u; r < BATCH; r++) {
    if (r < count && own == pair) { finish(pair, first + r, pair_dots(&sums, r, params.units, params.epsilon)); }
  }
}
