struct Params {
  size: u32,
  chunk: u32, // logits a chunk
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> best: array<vec2u>;

@group(0) @binding(3) var<storage, read_write> winners: array<u32>;

const KEEP = 64u;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let chunks = (params.size + params.chunk - 1u) / params.chunk;
  if (id.x >= chunks) {
    return;
  }
  let own = best[id.y * chunks + id.x];
  var place = 0u;
  for (var i = 0u; i < chunks && place < KEEP; i++) {
    if (before(best[id.y * chunks + i], own)) {
      place++;
    }
  }
  if (place < KEEP) {
    winners[id.y * KEEP + place] = id.x;
  }
}

// Whether candidate (key, id) a comes before b: greater key first, then the lower id.
fn before(a: vec2u, b: vec2u) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}
