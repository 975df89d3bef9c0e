// What every type of KV cache in shaders/kv declares. Kernels are linked against this text, and a type's own takes its
// place when a pipeline is made.

// Writes two neighbouring elements.
fn store2(element: u32, v: vec2f) {
}

// Four neighbouring elements, `element` a multiple of 4.
fn load4(element: u32) -> vec4f {
  return vec4f();
}
