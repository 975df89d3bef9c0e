// What ways of reading in shaders/reads declare: what all threads of a workgroup need of x, and of a norm's weights. Kernels are linked
// against this text, and a device's own way takes its place when a pipeline is made. All threads of a workgroup call these together.

// What the other functions want to know of a thread.
fn read_lane() -> u32 {
  return 0u;
}

// Eight quads of x from quad `o` on.
fn x_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  return array<vec4f, 8>();
}

// Eight quads of the norm's weights from quad `o` on.
fn norm_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  return array<vec4f, 8>();
}

// Quad `o` of x and three more, each `stride` quads behind the one before.
fn x_column(o: u32, stride: u32, lane: u32) -> mat4x4f {
  return mat4x4f();
}
