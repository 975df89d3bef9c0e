struct Params {
  stride: u32,
  offset: u32,
  size: u32,
  epsilon: f32,
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> weight: array<f32>;

@group(0) @binding(3) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let base = group.y * params.stride + params.offset + group.x * params.size;
  var squares = 0.0;
  for (var i = local; i < params.size; i += THREADS) {
    squares += x[base + i] * x[base + i];
  }
  let scale = 1.0 / sqrt(lane_sum(squares, local) / f32(params.size) + params.epsilon);
  for (var i = local; i < params.size; i += THREADS) {
    x[base + i] *= scale * weight[i];
  }
}

// The sum of `value` over the LANES neighbouring threads that `local` belongs to, in the first of them.
fn lane_sum(value: f32, local: u32) -> f32 {
  partial_sums[local] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (local % LANES < half) {
      partial_sums[local] += partial_sums[local + half];
    }
    workgroupBarrier();
  }
  let sum = partial_sums[local - local % LANES];
  workgroupBarrier();
  return sum;
}

override THREADS: u32 = 64u;

var<workgroup> partial_sums: array<f32, THREADS>;

// Sums over a workgroup of LANES·groups threads. Every thread of the workgroup must call, in uniform control flow.
override LANES: u32 = 64u; // threads that share one sum; a power of two
