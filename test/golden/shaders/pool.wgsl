override POOLING: u32 = 0u; // which rows

const FIRST: u32 = 1u;

const LAST: u32 = 2u; // else all

struct Params { hidden: u32 }


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read> x: array<f32>;

@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.hidden) {
    return;
  }
  let from_row = select(0u, row_count() - 1u, POOLING == LAST);
  let to_row = select(row_count(), 1u, POOLING == FIRST);
  var sum = 0.0;
  for (var row = from_row; row < to_row; row++) {
    sum += x[row * params.hidden + id.x];
  }
  y[id.x] = sum / f32(to_row - from_row);
}

fn row_count() -> u32 {
  return step[0];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;
