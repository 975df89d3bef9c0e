struct Params {
  size: u32,
  chunk: u32, // logits a chunk
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> logits: array<u32>;

@group(0) @binding(3) var<storage, read> winners: array<u32>;

@group(0) @binding(4) var<storage, read_write> result: array<vec2u>;

const KEEP = 64u;

const NONE = vec2u(0u, 0xffffffffu);

// Candidate `index` of the winning chunks; NONE past the end of the last chunk.
fn candidate(output: u32, index: u32) -> vec2u {
  let id = winners[output * KEEP + index / params.chunk] * params.chunk + index % params.chunk;
  if (id >= params.size) {
    return NONE;
  }
  return vec2u(order_key(logits[output * params.size + id]), id);
}

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size && id.x < KEEP) {
    result[id.y * KEEP + id.x] = NONE;
  }
  let chunks = (params.size + params.chunk - 1u) / params.chunk;
  let count = min(KEEP, chunks) * params.chunk;
  if (id.x >= count) {
    return;
  }
  let own = candidate(id.y, id.x);
  if (own.y == NONE.y) {
    return;
  }
  var place = 0u;
  for (var i = 0u; i < count && place < KEEP; i++) {
    if (before(candidate(id.y, i), own)) {
      place++;
    }
  }
  if (place < KEEP) {
    result[id.y * KEEP + place] = own;
  }
}

fn order_key(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return NAN_KEY;
  }
  if (bits == 0x80000000u) {
    return 0x80000000u;
  }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

// Logits as u32 keys in the order of the floats, so that NaN and ties are decided by integers: no compiler may assume
// them away. NaN becomes the greatest key; -0 equals 0.
const NAN_KEY: u32 = 0xffffffffu;

// Whether candidate (key, id) a comes before b: greater key first, then the lower id.
fn before(a: vec2u, b: vec2u) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}
