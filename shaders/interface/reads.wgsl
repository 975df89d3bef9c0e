// What ways of reading in shaders/reads declare: each thread reads all that it needs, or threads read for each other. Kernels are linked
// against this text, and a device's own way takes its place when a pipeline is made.

// Whether threads read for each other: the four of a quad.
const SHARED: bool = false;

// The thread's place in its quad. All threads of a workgroup call this and `from_quad` together.
fn read_lane() -> u32 {
  return 0u;
}

// What the four threads of the quad have read. Only where SHARED.
fn from_quad(v: vec4f) -> mat4x4f {
  return mat4x4f();
}

// Whether a thread goes where threads read for each other: where SHARED only all of a workgroup do.
fn reads_together(has_use: bool, all_have: bool) -> bool {
  return has_use;
}
