// First of three steps to the 64 best: the best candidate of each chunk of logits. The 64 best logits lie in the 64 chunks
// whose best ones are the best: the second step finds those chunks, the third the logits in them. No step sorts, and none
// has a barrier.
// logits [outputs × size] f32 bits · best [outputs × ⌈size / chunk⌉] of (key, id)
// grid: (⌈chunks / 64⌉, outputs)
import package::lib::order::{ order_key, before };

struct Params {
  size: u32,
  chunk: u32, // logits a chunk
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> logits: array<u32>;
@group(0) @binding(3) var<storage, read_write> best: array<vec2u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let chunks = (params.size + params.chunk - 1u) / params.chunk;
  if (id.x >= chunks) { return; }
  let end = min((id.x + 1u) * params.chunk, params.size);
  var found = vec2u(0u, 0xffffffffu);
  for (var i = id.x * params.chunk; i < end; i++) {
    let candidate = vec2u(order_key(logits[id.y * params.size + i]), i);
    if (before(candidate, found)) { found = candidate; }
  }
  best[id.y * chunks + id.x] = found;
}
