// Rotates queries and keys by their position (RoPE) and writes keys and values into the paged KV cache.
// Four elements (two pairs) a thread; elements past the rotated ones pass through. Each key is followed by its value, the
// queries come last: where THREADS is a multiple of HEAD_SIZE / 2, a workgroup has whole keys with their values.
// qkv [rows × (heads + 2·KV_HEADS)·HEAD_SIZE] f32 · q [rows × heads·HEAD_SIZE] f32 · kv: one layer's cache
// grid: (⌈(heads + 2·KV_HEADS)·HEAD_SIZE / 4 / THREADS⌉, rows)
import kv::store4;
import package::lib::kv::{ kv_address, KV_HEADS, HEAD_SIZE, BLOCK_TOKENS };
import package::lib::rope::rotate;
import package::lib::step::{ row_position, row_block, rope_cos_sin };

override THREADS: u32 = 64u;

struct Params {
  heads: u32, // query heads
  pairs: u32, // rotated pairs a head; 0: no rotation
  table: u32, // which of the step's cos/sin tables
  halves: u32, // 0: a pair is two neighbours (2i, 2i + 1); 1: (i, i + pairs)
  v_plane: u32, // elements from a key to its value
  pool: u32, // which of the row's block tables
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> qkv: array<f32>;
@group(0) @binding(3) var<storage, read_write> q: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let cached = 2u * KV_HEADS;
  let heads = params.heads + cached;
  let row = id.y;
  let quads = HEAD_SIZE / 4u;
  let turn = id.x / quads;
  let quad = id.x % quads;
  let is_cached = turn < cached;
  let is_value = is_cached && turn % 2u == 1u;
  let kv_head = turn / 2u;
  let rotated = !is_value && quad < params.pairs / 2u;

  // The thread's elements: (a, a + 1) and (b, b + 1).
  let split = rotated && params.halves == 1u;
  let a = select(quad * 4u, quad * 2u, split);
  let b = select(a + 2u, a + params.pairs, split);
  var va = vec2f();
  var vb = vec2f();
  if (turn < heads) {
    let head = select(turn - cached, params.heads + kv_head + select(0u, KV_HEADS, is_value), is_cached);
    let base = (row * heads + head) * HEAD_SIZE;
    va = vec2f(qkv[base + a], qkv[base + a + 1u]);
    vb = vec2f(qkv[base + b], qkv[base + b + 1u]);
  }
  if (turn < heads && rotated) {
    let first = rope_cos_sin(row, params.table, quad * 2u, params.pairs);
    let second = rope_cos_sin(row, params.table, quad * 2u + 1u, params.pairs);
    if (split) {
      let u = rotate(vec2f(va.x, vb.x), first);
      let w = rotate(vec2f(va.y, vb.y), second);
      va = vec2f(u.x, w.x);
      vb = vec2f(u.y, w.y);
    } else {
      va = rotate(va, first);
      vb = rotate(vb, second);
    }
  }

  if (!is_cached && turn < heads) {
    let to = (row * params.heads + turn - cached) * HEAD_SIZE;
    q[to + a] = va.x;
    q[to + a + 1u] = va.y;
    q[to + b] = vb.x;
    q[to + b + 1u] = vb.y;
  }
  var to = 0u;
  if (is_cached) {
    let position = row_position(row);
    let block = row_block(row, params.pool, position, BLOCK_TOKENS);
    to = kv_address(block, kv_head, position) + select(0u, params.v_plane, is_value);
  }
  store4(is_cached, local, quads, to, a, b, vec4f(va, vb));
}
