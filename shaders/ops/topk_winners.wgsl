// Second of three steps to the 64 best: the 64 chunks with the best best candidates, best first. A chunk's place is the
// number of chunks before it, which its thread counts.
// best [outputs × ⌈size / chunk⌉] of (key, id) · winners [outputs × 64] chunk numbers
// grid: (⌈chunks / 64⌉, outputs)
import package::lib::order::before;

struct Params {
  size: u32,
  chunk: u32, // logits a chunk
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> best: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> winners: array<u32>;

const KEEP = 64u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let chunks = (params.size + params.chunk - 1u) / params.chunk;
  if (id.x >= chunks) { return; }
  let own = best[id.y * chunks + id.x];
  var place = 0u;
  for (var i = 0u; i < chunks && place < KEEP; i++) {
    if (before(best[id.y * chunks + i], own)) { place++; }
  }
  if (place < KEEP) { winners[id.y * KEEP + place] = id.x; }
}
