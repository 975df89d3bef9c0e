// `matvec_rows` over stacked Q, K and V, a pair of neighbouring rows a thread, that ends in RoPE and the store into q or the
// paged KV cache: what `matvec` and `rope_kv` give one after the other.
// W [(heads + 2·kv_heads)·head_size × 32·units] quantised · x [batch × 32·units] f32 · kv: one layer's cache ·
// q [batch × heads·head_size] f32
// grid: (⌈pairs of rows / 64⌉, 1, ⌈batch / BATCH⌉)
import package::lib::batch::{ BATCH, MAX_BATCH, add_row, batch_rows };
import package::lib::qkv::{ params, pair_count, finish };

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pair = id.x;
  if (pair >= pair_count()) { return; }
  let first = id.z * BATCH;
  let count = batch_rows(first, 0u);
  var evens: array<vec4f, MAX_BATCH>;
  add_row(&evens, 2u * pair, params.units, params.plane, first, count, 0u, 1u);
  var odds: array<vec4f, MAX_BATCH>;
  add_row(&odds, 2u * pair + 1u, params.units, params.plane, first, count, 0u, 1u);
  for (var b = 0u; b < BATCH; b++) {
    if (b < count) { finish(pair, first + b, vec2f(dot(evens[b], vec4f(1.0)), dot(odds[b], vec4f(1.0)))); }
  }
}
