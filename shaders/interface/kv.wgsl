// What types of KV cache in shaders/kv declare. Kernels are linked against this text, and a type's own takes its
// place when a pipeline is made.

// Writes elements (a, a + 1) and (b, b + 1), all even, of the key or value whose first element is `head`; `quads` threads
// have one head. All threads of a workgroup call it together, those with nothing to keep too: elements that share a scale
// come from several of them.
fn store4(kept: bool, local: u32, quads: u32, head: u32, a: u32, b: u32, v: vec4f) {
}

// Writes two neighbouring elements, `element` even. Only types whose elements share no scale have it, and only these are joined
// with kernels that call it.
fn store2(element: u32, v: vec2f) {
}

// Whether elements have scales: one for each 32 neighbours of a key or a value.
const SCALED: bool = false;

// The scales of the 32 elements from element `key` of a key on, and of as many of its value: two halves. Only where SCALED.
fn scales_of(key: u32) -> u32 {
  return 0u;
}

// Four neighbouring elements, `element` a multiple of 4; with their scale, where SCALED.
fn load4(element: u32, scale: f32) -> vec4f {
  return vec4f();
}
