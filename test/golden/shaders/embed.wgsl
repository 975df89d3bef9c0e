struct Params {
  units: u32, // hidden / 32
  plane: u32, // word at which the weights' side plane begins
  scale: f32,
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(3) var<storage, read> sampled: array<u32>; // [slots] token chosen last

@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.units) {
    return;
  }
  let row = id.y;
  var token = row_token(row);
  if (token == ON_DEVICE) {
    token = sampled[row_slot(row)];
  }
  let w = dequant32(token * params.units + id.x, params.plane);
  let o = (row * params.units + id.x) * 8u;
  for (var i = 0u; i < 8u; i++) {
    y[o + i] = w[i] * params.scale;
  }
}

fn row_token(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS];
}

const ON_DEVICE: u32 = 0xffffffffu;

fn row_slot(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 2u];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 4u;
