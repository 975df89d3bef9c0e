// The best candidate of each slice of 1,024, then of each slice of those, until one is left; it becomes the slot's token.
// First pass: input = logits [outputs × size] f32 bits; later passes: input = candidates [outputs × size] of (key, id).
// output [outputs × ⌈size / 1,024⌉] of (key, id); ties go to the lowest id, a NaN wins with key NAN_KEY.
// grid: (⌈size / 1,024⌉, outputs)
import package::lib::order::{ order_key, before };
import package::lib::step::output_slot;

struct Params {
  size: u32,
  first: u32, // 1: input is logits
  last: u32, // 1: one slice: store the token for the next step
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> input: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> sampled: array<u32>;

var<workgroup> best_of: array<vec2u, 64>;

fn candidate(row: u32, index: u32) -> vec2u {
  let at = row * params.size + index;
  if (params.first == 1u) { return vec2u(order_key(input[at]), index); }
  return vec2u(input[at * 2u], input[at * 2u + 1u]);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  var best = vec2u(0u, 0xffffffffu);
  for (var i = local; i < 1024u; i += 64u) {
    let index = group.x * 1024u + i;
    if (index < params.size) {
      let c = candidate(group.y, index);
      if (before(c, best)) { best = c; }
    }
  }
  best_of[local] = best;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (local < half && before(best_of[local + half], best_of[local])) { best_of[local] = best_of[local + half]; }
    workgroupBarrier();
  }
  if (local == 0u) {
    output[group.y * groups.x + group.x] = best_of[0];
    if (params.last == 1u) { sampled[output_slot(group.y)] = best_of[0].y; }
  }
}
