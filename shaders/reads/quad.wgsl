// The four threads of a quad each read a fourth, and hand it to the others: for software adapters, where four threads are one thread
// of the processor, which reads memory for each of them in turn, but hands on in one instruction.
enable subgroups;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where kernels take no norm not read

// The thread's place in its quad: so many of its subgroup come before it.
fn read_lane() -> u32 {
  return subgroupExclusiveAdd(1u) % 4u;
}

fn x_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  return handed_on(x[o + lane], x[o + 4u + lane]);
}

fn norm_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  return handed_on(norm[o + lane], norm[o + 4u + lane]);
}

fn x_column(o: u32, stride: u32, lane: u32) -> mat4x4f {
  let own = x[o + lane * stride];
  return mat4x4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

fn handed_on(a: vec4f, b: vec4f) -> array<vec4f, 8> {
  return array<vec4f, 8>(
    quadBroadcast(a, 0u), quadBroadcast(a, 1u), quadBroadcast(a, 2u), quadBroadcast(a, 3u),
    quadBroadcast(b, 0u), quadBroadcast(b, 1u), quadBroadcast(b, 2u), quadBroadcast(b, 3u),
  );
}
