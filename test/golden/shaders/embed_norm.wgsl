struct Params {
  units: u32, // hidden / 32
  plane: u32, // word at which the weights' side plane begins
  scale: f32, // of the embedding
  rows: u32,
  epsilon: f32,
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@group(0) @binding(5) var<storage, read> weight: array<vec4f>;

@group(0) @binding(6) var<storage, read_write> normed: array<vec4f>;

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let quads = params.units * 8u;
  let base = group.y * quads;
  let token = token_of(group.y);
  if (token < params.rows) {
    for (var u = local; u < params.units; u += THREADS) {
      let w = dequant32(token * params.units + u, params.plane);
      for (var i = 0u; i < 8u; i++) {
        y[base + u * 8u + i] = w[i] * params.scale;
      }
    }
  }
  storageBarrier();
  var squares = 0.0;
  for (var i = local; i < quads; i += THREADS) {
    squares += dot(y[base + i], y[base + i]);
  }
  let mean = lane_sum(squares, local) / f32(quads * 4u);
  let scale = 1.0 / sqrt(mean + params.epsilon);
  for (var i = local; i < quads; i += THREADS) {
    normed[base + i] = y[base + i] * scale * weight[i];
  }
}

fn token_of(row: u32) -> u32 {
  let token = row_token(row);
  if (token == ON_DEVICE) {
    return sampled[row_slot(row)];
  }
  return token;
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

fn row_token(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS];
}

const ON_DEVICE: u32 = 0xffffffffu;

@group(0) @binding(3) var<storage, read> sampled: array<u32>; // [slots]

fn row_slot(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 2u];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;

var<workgroup> partial_sums: array<f32, THREADS>;

// Sums over a workgroup of LANES·groups threads. Every thread of the workgroup must call, in uniform control flow.
override LANES: u32 = 64u; // threads that share one sum; a power of two
