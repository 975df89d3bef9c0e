// Rotates queries and keys by their position (RoPE) and writes keys and values into the paged KV cache.
// Four elements (two pairs) a thread; elements past the rotated ones pass through.
// qkv [rows × (heads + 2·KV_HEADS)·HEAD_SIZE] f32 · q [rows × heads·HEAD_SIZE] f32 · kv: one layer's cache
// grid: (⌈(heads + 2·KV_HEADS)·HEAD_SIZE / 4 / 64⌉, rows)
import kv::store2;
import package::lib::kv::{ kv_address, KV_HEADS, HEAD_SIZE, BLOCK_TOKENS };
import package::lib::step::{ row_position, row_block, rope_cos_sin };

struct Params {
  heads: u32, // query heads
  pairs: u32, // rotated pairs a head; 0: no rotation
  table: u32, // which of the step's cos/sin tables
  halves: u32, // 0: a pair is two neighbours (2i, 2i + 1); 1: (i, i + pairs)
  v_plane: u32, // elements from a key to its value
  pool: u32, // which of the row's block tables
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> qkv: array<f32>;
@group(0) @binding(4) var<storage, read_write> q: array<f32>;

fn rotate(v: vec2f, cos_sin: vec2f) -> vec2f {
  return vec2f(v.x * cos_sin.x - v.y * cos_sin.y, v.x * cos_sin.y + v.y * cos_sin.x);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let heads = params.heads + 2u * KV_HEADS;
  if (id.x >= heads * HEAD_SIZE / 4u) { return; }
  let row = id.y;
  let head = id.x / (HEAD_SIZE / 4u);
  let quad = id.x % (HEAD_SIZE / 4u);
  let is_value = head >= params.heads + KV_HEADS;
  let rotated = !is_value && quad < params.pairs / 2u;

  // The thread's elements: (a, a + 1) and (b, b + 1).
  let split = rotated && params.halves == 1u;
  let a = select(quad * 4u, quad * 2u, split);
  let b = select(a + 2u, a + params.pairs, split);
  let base = (row * heads + head) * HEAD_SIZE;
  var va = vec2f(qkv[base + a], qkv[base + a + 1u]);
  var vb = vec2f(qkv[base + b], qkv[base + b + 1u]);
  if (rotated) {
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

  if (head < params.heads) {
    let to = (row * params.heads + head) * HEAD_SIZE;
    q[to + a] = va.x;
    q[to + a + 1u] = va.y;
    q[to + b] = vb.x;
    q[to + b + 1u] = vb.y;
    return;
  }
  let position = row_position(row);
  let block = row_block(row, params.pool, position, BLOCK_TOKENS);
  let to = kv_address(block, (head - params.heads) % KV_HEADS, position) + select(0u, params.v_plane, is_value);
  store2(to + a, va);
  store2(to + b, vb);
}
