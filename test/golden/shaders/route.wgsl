const MAX_USED = 64u;

struct Params {
  experts: u32,
  used: u32,
  scale: f32, // of the weights
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> logits: array<u32>;

@group(0) @binding(3) var<storage, read_write> routes: array<vec2u>;

var<workgroup> chosen: array<u32, MAX_USED>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let base = group.y * params.experts;
  for (var i = local; i < params.experts; i += 64u) {
    let own = vec2u(order_key(logits[base + i]), i);
    var rank = 0u;
    for (var j = 0u; j < params.experts; j++) {
      rank += u32(before(vec2u(order_key(logits[base + j]), j), own));
    }
    if (rank < params.used) {
      chosen[rank] = i;
    }
  }
  workgroupBarrier();
  if (local >= params.used) {
    return;
  }
  let top = logit(base, 0u);
  var sum = 0.0;
  for (var k = 0u; k < params.used; k++) {
    sum += exp(logit(base, k) - top);
  }
  let weight = params.scale * exp(logit(base, local) - top) / sum;
  routes[group.y * params.used + local] = vec2u(chosen[local], bitcast<u32>(weight));
}

fn logit(base: u32, rank: u32) -> f32 {
  return bitcast<f32>(logits[base + chosen[rank]]);
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
