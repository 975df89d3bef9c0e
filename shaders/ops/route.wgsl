// The experts of each row: the `used` of the largest logits, best first, weighted by a softmax over themselves. That is also
// what a softmax over all experts gives once the chosen weights are divided by their sum. Ties go to the lowest index.
// logits [rows × experts] f32 bits · routes [rows × used] of (expert, weight as f32 bits)
// grid: (1, rows)
import package::lib::order::{ order_key, before };

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

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let base = group.y * params.experts;
  for (var i = local; i < params.experts; i += 64u) {
    let own = vec2u(order_key(logits[base + i]), i);
    var rank = 0u;
    for (var j = 0u; j < params.experts; j++) { rank += u32(before(vec2u(order_key(logits[base + j]), j), own)); }
    if (rank < params.used) { chosen[rank] = i; }
  }
  workgroupBarrier();
  if (local >= params.used) { return; }
  let top = logit(base, 0u);
  var sum = 0.0;
  for (var k = 0u; k < params.used; k++) { sum += exp(logit(base, k) - top); }
  let weight = params.scale * exp(logit(base, local) - top) / sum;
  routes[group.y * params.used + local] = vec2u(chosen[local], bitcast<u32>(weight));
}

fn logit(base: u32, rank: u32) -> f32 {
  return bitcast<f32>(logits[base + chosen[rank]]);
}
