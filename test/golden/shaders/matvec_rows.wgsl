struct Params {
  rows: u32,
  units: u32, // columns / 32
  plane: u32,
  y_stride: u32,
  y_offset: u32,
  scale: f32, // of what is stored or added
  of_outputs: u32, // 1: the batch is the step's outputs, else its rows
  epsilon: f32, // of a norm, which this shape does not take
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// The epilogue of dot product `v`; `up` is that of the row `rows` further on, for GLU alone.
fn finish(v: f32, up: f32, to: u32) {
  var value = v;
  if (EPILOGUE == GLU) {
    value = activate(v) * up;
  }
  value *= params.scale;
  if (EPILOGUE == ADD) {
    value += y[to];
  }
  y[to] = value;
}

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= params.rows) {
    return;
  }
  let first = id.z * BATCH;
  let count = batch_rows(first, params.of_outputs);
  var sums: array<vec4f, MAX_BATCH>;
  add_row(&sums, row, params.units, params.plane, first, count, 0u, 1u);
  var ups: array<vec4f, MAX_BATCH>;
  if (EPILOGUE == GLU) {
    add_row(&ups, row + params.rows, params.units, params.plane, first, count, 0u, 1u);
  }
  for (var b = 0u; b < BATCH; b++) {
    if (b < count) {
      finish(dot(sums[b], vec4f(1.0)), dot(ups[b], vec4f(1.0)), (first + b) * params.y_stride + params.y_offset + row);
    }
  }
}

// What happens to a row's dot product before it is stored.
override EPILOGUE: u32 = 0u;

const GLU: u32 = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

const ADD: u32 = 1u; // y = y + v: the residual stream

fn activate(v: f32) -> f32 {
  if (ACTIVATION == GELU) {
    // The tanh form; its argument is clamped because tanh of large values is NaN on some drivers.
    let u = 0.7978845608028654 * v * (1.0 + 0.044715 * v * v);
    return 0.5 * v * (1.0 + tanh(clamp(u, -15.0, 15.0)));
  }
  return v / (1.0 + exp(-v));
}

override ACTIVATION: u32 = 0u;

const GELU: u32 = 1u; // else SiLU

override BATCH: u32 = 1u; // at most MAX_BATCH; constant, so that loops over it can be unrolled and their sums kept in registers

// Rows from `first` on that are there; 1 where a row is alone.
fn batch_rows(first: u32, of_outputs: u32) -> u32 {
  if (BATCH == 1u) {
    return 1u;
  }
  return min(BATCH, select(row_count(), output_count(), of_outputs == 1u) - first);
}

// Adds the products of weight row `row`, of `units` units, with `count` rows of x from row `first` on: of every `lanes`-th
// group of units from group `lane` on. What a group shares is read once.
fn add_row(sums: ptr<function, array<vec4f, MAX_BATCH>>, row: u32, units: u32, plane: u32, first: u32, count: u32, lane: u32, lanes: u32) {
  let row_quads = units * 8u;
  for (var g = lane * GROUP_UNITS; g < units; g += lanes * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    if (GROUP_UNITS == 1u) {
      // a loop of one turn costs a software adapter as much as the unit
      add_unit(sums, dequant_unit(words, row * units + g, plane), first * row_quads + g * 8u, row_quads, count);
    } else {
      for (var u = g; u < g + GROUP_UNITS; u++) {
        add_unit(sums, dequant_unit(words, row * units + u, plane), first * row_quads + u * 8u, row_quads, count);
      }
    }
  }
}

const MAX_BATCH = 16u;

fn row_count() -> u32 {
  return step[0];
}

fn output_count() -> u32 {
  return step[3];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

// Adds the products of a unit of weights with each row's unit of x; the first row's begins at quad `o`.
fn add_unit(sums: ptr<function, array<vec4f, MAX_BATCH>>, w: array<vec4f, 8>, o: u32, row_quads: u32, count: u32) {
  if (BATCH == 1u) {
    (*sums)[0] += unit_products(w, o);
  } else {
    for (var b = 0u; b < BATCH; b++) {
      if (b < count) {
        (*sums)[b] += unit_products(w, o + b * row_quads);
      }
    }
  }
}

fn unit_products(w: array<vec4f, 8>, o: u32) -> vec4f {
  return w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u] + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
}

@group(0) @binding(3) var<storage, read> x: array<vec4f>;

