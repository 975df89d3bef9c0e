// KV cache of halves, two neighbouring elements a word; needs no shader-f16. Beyond the half range values are clamped:
// packing an infinity is not defined.
@group(0) @binding(2) var<storage, read_write> kv: array<u32>;

const HALF_MAX = vec2f(65504.0);

fn store4(kept: bool, local: u32, quads: u32, head: u32, a: u32, b: u32, v: vec4f) {
  if (!kept) { return; }
  kv[(head + a) / 2u] = pack2x16float(clamp(v.xy, -HALF_MAX, HALF_MAX));
  kv[(head + b) / 2u] = pack2x16float(clamp(v.zw, -HALF_MAX, HALF_MAX));
}

fn load4(element: u32) -> vec4f {
  return vec4f(unpack2x16float(kv[element / 2u]), unpack2x16float(kv[element / 2u + 1u]));
}
