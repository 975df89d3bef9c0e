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

@compute @workgroup_size(THREADS) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
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

// Element addresses of one layer's paged KV cache: [K, V][block][kv head][token in block][head size].
override KV_HEADS: u32 = 1u;

override HEAD_SIZE: u32 = 64u;

// cos and sin of pair `pair` at the row's position, from table `table`.
fn rope_cos_sin(row: u32, table: u32, pair: u32, pairs: u32) -> vec2f {
  let o = step[2] + ((table * row_count() + row) * pairs + pair) * 2u;
  return bitcast<vec2f>(vec2u(step[o], step[o + 1u]));
}

// Rotary position embedding of one pair.
fn rotate(v: vec2f, cos_sin: vec2f) -> vec2f {
  return vec2f(v.x * cos_sin.x - v.y * cos_sin.y, v.x * cos_sin.y + v.y * cos_sin.x);
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

fn row_count() -> u32 {
  return step[0];
}

fn row_position(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 1u];
}

// The KV block of pool `pool` (0: of layers that see all, 1: of layers with a window) that holds `position` of the row's
// sequence.
fn row_block(row: u32, pool: u32, position: u32, block_tokens: u32) -> u32 {
  return step[block_table(row, pool) + position / block_tokens];
}

override BLOCK_TOKENS: u32 = 16u;

// The first element of the key of `head` at `position`, which lies in `block`; values lie the K plane's size further on.
fn kv_address(block: u32, head: u32, position: u32) -> u32 {
  return kv_address_of(KV_HEADS, HEAD_SIZE, block, head, position);
}

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;

// The word at which the blocks of the row's sequence begin in pool `pool`.
fn block_table(row: u32, pool: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 3u + pool];
}

fn kv_address_of(kv_heads: u32, head_size: u32, block: u32, head: u32, position: u32) -> u32 {
  return ((block * kv_heads + head) * BLOCK_TOKENS + position % BLOCK_TOKENS) * head_size;
}
