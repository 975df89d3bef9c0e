// Each thread reads all that it needs: caches of GPUs serve one address to many at once.
const SHARED: bool = false;

fn read_lane() -> u32 {
  return 0u;
}

fn from_quad(v: vec4f) -> mat4x4f {
  return mat4x4f(v, v, v, v);
}

fn reads_together(has_use: bool, all_have: bool) -> bool {
  return has_use;
}
