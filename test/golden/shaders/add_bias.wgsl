// Adds one bias to every row: x[r, offset + k] += bias[k]
// x [rows × stride] f32 · bias [size] f32
// grid: (⌈size / 64⌉, rows)
struct Params {
  size: u32,
  stride: u32,
  offset: u32,
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> bias: array<f32>;

@group(0) @binding(3) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.size) {
    return;
  }
  x[id.y * params.stride + params.offset + id.x] += bias[id.x];
}
