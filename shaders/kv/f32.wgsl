// KV cache of f32, for comparisons with exact references.
@group(0) @binding(2) var<storage, read_write> kv: array<f32>;

fn store4(kept: bool, local: u32, quads: u32, head: u32, a: u32, b: u32, v: vec4f) {
  if (!kept) { return; }
  kv[head + a] = v.x;
  kv[head + a + 1u] = v.y;
  kv[head + b] = v.z;
  kv[head + b + 1u] = v.w;
}

fn load4(element: u32) -> vec4f {
  return vec4f(kv[element], kv[element + 1u], kv[element + 2u], kv[element + 3u]);
}
