// KV cache of f32, for comparisons with exact references.
@group(0) @binding(4) var<storage, read_write> kv: array<f32>;

fn store4(kept: bool, local: u32, quads: u32, head: u32, a: u32, b: u32, v: vec4f) {
  if (!kept) { return; }
  store2(head + a, v.xy);
  store2(head + b, v.zw);
}

fn store2(element: u32, v: vec2f) {
  kv[element] = v.x;
  kv[element + 1u] = v.y;
}

const SCALED: bool = false;

fn scales_of(key: u32) -> u32 {
  return 0u;
}

fn load4(element: u32, scale: f32) -> vec4f {
  return vec4f(kv[element], kv[element + 1u], kv[element + 2u], kv[element + 3u]);
}
