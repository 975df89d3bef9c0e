// Third of three steps to the 64 best: the 64 best logits of the winning chunks, best first. A logit's place is the number
// of logits before it, which its thread counts until it is out.
// logits [outputs × size] f32 bits · winners [outputs × 64] chunk numbers · result [outputs × 64] of (key, id); ties go to the
// lowest id; missing candidates have key 0 and id 2³² − 1
// grid: (⌈64 · chunk / 64⌉, outputs)
import package::lib::order::{ order_key, before };

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
  if (id >= params.size) { return NONE; }
  return vec2u(order_key(logits[output * params.size + id]), id);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size && id.x < KEEP) { result[id.y * KEEP + id.x] = NONE; }
  let chunks = (params.size + params.chunk - 1u) / params.chunk;
  let count = min(KEEP, chunks) * params.chunk;
  if (id.x >= count) { return; }
  let own = candidate(id.y, id.x);
  if (own.y == NONE.y) { return; }
  var place = 0u;
  for (var i = 0u; i < count && place < KEEP; i++) {
    if (before(candidate(id.y, i), own)) { place++; }
  }
  if (place < KEEP) { result[id.y * KEEP + place] = own; }
}
