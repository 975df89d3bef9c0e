struct Params {
  size: u32,
  chunk: u32, // logits a chunk
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> logits: array<u32>;

@group(0) @binding(3) var<storage, read_write> best: array<vec2u>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let chunks = (params.size + params.chunk - 1u) / params.chunk;
  if (id.x >= chunks) {
    return;
  }
  let end = min((id.x + 1u) * params.chunk, params.size);
  var found = vec2u(0u, 0xffffffffu);
  for (var i = id.x * params.chunk; i < end; i++) {
    let candidate = vec2u(order_key(logits[id.y * params.size + i]), i);
    if (before(candidate, found)) {
      found = candidate;
    }
  }
  best[id.y * chunks + id.x] = found;
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

// Whether candidate (key, id) a comes before b: greater key first, then the lower id.
fn before(a: vec2u, b: vec2u) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}

// Logits as u32 keys in the order of the floats, so that NaN and ties are decided by integers: no compiler may assume
// them away. NaN becomes the greatest key; -0 equals 0.
const NAN_KEY: u32 = 0xffffffffu;
