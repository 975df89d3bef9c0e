struct Params {
  quads: u32, // hidden / 4
  epsilon: f32,
  of_outputs: u32, // 1: row r is output r, read at output_row(r)
  scale: f32,
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> x: array<vec4f>;

@group(0) @binding(3) var<storage, read> weight: array<vec4f>;

@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var source = group.y;
  if (params.of_outputs == 1u) {
    source = output_row(group.y);
  }
  let base = source * params.quads;
  let to = group.y * params.quads;
  var squares = 0.0;
  for (var i = local; i < params.quads; i += THREADS) {
    squares += dot(x[base + i], x[base + i]);
  }
  let mean = lane_sum(squares, local) / f32(params.quads * 4u);
  let scale = params.scale / sqrt(mean + params.epsilon);
  for (var i = local; i < params.quads; i += THREADS) {
    let v = x[base + i] * scale * weight[i];
    if (EPILOGUE == ADD) {
      y[to + i] += v;
    } else {
      y[to + i] = v;
    }
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

// The row that output `output` reads.
fn output_row(output: u32) -> u32 {
  return step[step[1] + output];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

override THREADS: u32 = 64u;

override EPILOGUE: u32 = 0u;

const ADD: u32 = 1u; // y = y + v: the residual stream

var<workgroup> partial_sums: array<f32, THREADS>;

// Sums over a workgroup of LANES·groups threads. Every thread of the workgroup must call, in uniform control flow.
override LANES: u32 = 64u; // threads that share one sum; a power of two
