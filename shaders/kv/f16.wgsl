// KV cache of halves, two neighbouring elements a word; needs no shader-f16. Beyond the half range values are clamped:
// packing an infinity is not defined.
import package::lib::nan::nan_halves;
@group(0) @binding(4) var<storage, read_write> kv: array<u32>;

const HALF_MAX = vec2f(65504.0);

fn store4(kept: bool, local: u32, quads: u32, head: u32, a: u32, b: u32, v: vec4f) {
  if (!kept) { return; }
  store2(head + a, v.xy);
  store2(head + b, v.zw);
}

fn store2(element: u32, v: vec2f) {
  kv[element / 2u] = pack2x16float(clamp(v, -HALF_MAX, HALF_MAX)) | nan_halves(v);
}

const SCALED: bool = false;

fn scales_of(key: u32) -> u32 {
  return 0u;
}

fn load4(element: u32, scale: f32) -> vec4f {
  return vec4f(unpack2x16float(kv[element / 2u]), unpack2x16float(kv[element / 2u + 1u]));
}
