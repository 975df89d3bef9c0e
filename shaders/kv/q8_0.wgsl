// KV cache of signed bytes, 32 neighbouring elements under one scale (Q8_0 of llama.cpp): d = max|x| / 127 is kept as a half, and
// a byte is round(x / d) of the d that is not rounded yet. Key plane and value plane, four elements a word; then a plane of
// scales, a word for the halves of a key's block and its value's, so that no two tokens write one word.
import package::lib::nan::nan_halves;
@group(0) @binding(4) var<storage, read_write> kv: array<u32>;

const LARGEST = vec4f(65504.0 * 127.0); // of the half range, times 127: beyond it elements are clamped
const LEAST_SCALE = 0x1p-25; // halves round it to 0, and nothing is divided by it

var<workgroup> staged: array<f32, 512>; // a workgroup's elements in their order: whole keys, each with its value behind it

// The scale of 32 staged elements; NaN where one is that: bits of sizes are in their order, and its are the largest.
fn block_scale(first: u32) -> f32 {
  var largest = 0u;
  for (var i = 0u; i < 32u; i++) { largest = max(largest, bitcast<u32>(staged[first + i]) & 0x7fffffffu); }
  return bitcast<f32>(largest) / 127.0;
}

// Blocks of a plane: each has 8 words of keys, 8 of values, and one of scales.
fn plane_blocks() -> u32 { return arrayLength(&kv) / 17u; }

fn store4(kept: bool, local: u32, quads: u32, head: u32, a: u32, b: u32, v: vec4f) {
  let quad = local % quads;
  let first = (local - quad) * 4u;
  let is_number = (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) <= vec4u(0x7f800000u);
  let elements = select(v, clamp(v, -LARGEST, LARGEST), is_number);
  staged[first + a] = elements.x;
  staged[first + a + 1u] = elements.y;
  staged[first + b] = elements.z;
  staged[first + b + 1u] = elements.w;
  workgroupBarrier();
  if (!kept) { return; }

  // A thread stored what it rotated, and writes the word at its own place.
  let own = local * 4u;
  let scale = block_scale(own / 32u * 32u);
  let mine = vec4f(staged[own], staged[own + 1u], staged[own + 2u], staged[own + 3u]);
  let bytes = vec4u(vec4i(select(vec4f(), round(mine / scale), scale > LEAST_SCALE))) & vec4u(255u);
  kv[head / 4u + quad] = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
  let is_key = local / quads % 2u == 0u;
  if (is_key && quad % 8u == 0u) {
    let block = (head + quad * 4u) / 32u;
    let scales = vec2f(scale, block_scale(own + quads * 4u));
    kv[16u * plane_blocks() + block] = pack2x16float(scales) | nan_halves(scales);
  }
}

const SCALED: bool = true;

fn scales_of(key: u32) -> u32 {
  return kv[16u * plane_blocks() + key / 32u];
}

fn load4(element: u32, scale: f32) -> vec4f {
  let bytes = bitcast<vec4i>(vec4u(kv[element / 4u]) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u);
  return vec4f(bytes) * scale;
}
