override LANES: u32 = 8u; // threads that share a weight row; a power of two

override THREADS: u32 = 64u;

override SUMS: u32 = BATCH * select(1u, 2u, EPILOGUE == GLU); // that lanes share: of the batch, then of its rows further on

struct Params {
  rows: u32,
  units: u32, // columns / 32
  plane: u32,
  y_stride: u32,
  y_offset: u32,
  scale: f32, // of what is stored or added
  of_outputs: u32, // 1: the batch is the step's outputs, else its rows
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<workgroup> partial_sums: array<f32, SUMS * THREADS>; // [sum × thread]

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

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * (THREADS / LANES) + local / LANES;
  let read_row = min(row, params.rows - 1u); // threads past the end compute the last row again and store nothing
  let lane = local % LANES;
  let first = group.z * BATCH;
  let count = batch_rows(first, params.of_outputs);
  var sums: array<vec4f, MAX_BATCH>;
  add_row(&sums, read_row, params.units, params.plane, first, count, lane, LANES);
  for (var b = 0u; b < BATCH; b++) {
    partial_sums[b * THREADS + local] = dot(sums[b], vec4f(1.0));
  }
  if (EPILOGUE == GLU) {
    var ups: array<vec4f, MAX_BATCH>;
    add_row(&ups, read_row + params.rows, params.units, params.plane, first, count, lane, LANES);
    for (var b = 0u; b < BATCH; b++) {
      partial_sums[(BATCH + b) * THREADS + local] = dot(ups[b], vec4f(1.0));
    }
  }
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (var i = local; i < SUMS * THREADS; i += THREADS) {
        partial_sums[i] += partial_sums[i + half];
      }
    }
    workgroupBarrier();
  }
  if (row >= params.rows) {
    return;
  }
  // The lanes share the batch's rows.
  for (var b = lane; b < count; b += LANES) {
    let at = b * THREADS + local - lane;
    let up = partial_sums[at + (SUMS - BATCH) * THREADS];
    finish(partial_sums[at], up, (first + b) * params.y_stride + params.y_offset + row);
  }
}

override BATCH: u32 = 1u; // at most MAX_BATCH; constant, so that loops over it can be unrolled and their sums kept in registers

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

// Rows from `first` on that are there; 1 where a row is alone.
fn batch_rows(first: u32, of_outputs: u32) -> u32 {
  if (BATCH == 1u) {
    return 1u;
  }
  return min(BATCH, select(row_count(), output_count(), of_outputs == 1u) - first);
}

// Adds the products of weight row `row`, of `units` units, with `count` rows of x from row `first` on: of every `lanes`-th
// unit from `lane` on.
fn add_row(sums: ptr<function, array<vec4f, MAX_BATCH>>, row: u32, units: u32, plane: u32, first: u32, count: u32, lane: u32, lanes: u32) {
  let row_quads = units * 8u;
  for (var u = lane; u < units; u += lanes) {
    let w = dequant32(row * units + u, plane);
    add_unit(sums, w, first * row_quads + u * 8u, row_quads, count);
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
