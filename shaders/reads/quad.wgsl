// The four threads of a quad each read a fourth, and hand it to the others: for software adapters, where four threads are one of the
// processor, which reads memory for each of them in turn, but hands on in one instruction.
enable subgroups;

const SHARED: bool = true;

// So many threads of its subgroup come before it.
fn read_lane() -> u32 {
  return subgroupExclusiveAdd(1u) % 4u;
}

fn from_quad(v: vec4f) -> mat4x4f {
  return mat4x4f(quadBroadcast(v, 0u), quadBroadcast(v, 1u), quadBroadcast(v, 2u), quadBroadcast(v, 3u));
}

fn reads_together(has_use: bool, all_have: bool) -> bool {
  return all_have;
}
