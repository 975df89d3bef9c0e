// Each thread reads all that it needs: caches of GPUs serve one address to many at once.
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where kernels take no norm not read

fn read_lane() -> u32 {
  return 0u;
}

fn x_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  return array<vec4f, 8>(x[o], x[o + 1u], x[o + 2u], x[o + 3u], x[o + 4u], x[o + 5u], x[o + 6u], x[o + 7u]);
}

fn norm_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  return array<vec4f, 8>(
    norm[o], norm[o + 1u], norm[o + 2u], norm[o + 3u], norm[o + 4u], norm[o + 5u], norm[o + 6u], norm[o + 7u],
  );
}

fn x_column(o: u32, stride: u32, lane: u32) -> mat4x4f {
  return mat4x4f(x[o], x[o + stride], x[o + 2u * stride], x[o + 3u * stride]);
}
