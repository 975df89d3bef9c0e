override LANES: u32 = 8u; // threads that share a weight row; a power of two

override THREADS: u32 = 64u;

override UPS: u32 = select(0u, BATCH, EPILOGUE == GLU);

override SUMS: u32 = BATCH + UPS + BATCH * NORM; // that lanes share: of the batch, of its rows further on, of the squares of x

struct Params {
  rows: u32,
  units: u32, // columns / 32
  plane: u32,
  y_stride: u32,
  y_offset: u32,
  scale: f32, // of what is stored or added
  of_outputs: u32, // 1: the batch is the step's outputs, else its rows
  epsilon: f32, // of the norm
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
  var squares: array<f32, MAX_BATCH>;
  add_normed_row(&sums, &squares, true, read_row, params.units, params.plane, first, count, params.of_outputs, lane, LANES);
  for (var b = 0u; b < BATCH; b++) {
    partial_sums[b * THREADS + local] = dot(sums[b], vec4f(1.0));
  }
  if (EPILOGUE == GLU) {
    var ups: array<vec4f, MAX_BATCH>;
    add_normed_row(&ups, &squares, false, read_row + params.rows, params.units, params.plane, first, count, params.of_outputs, lane, LANES);
    for (var b = 0u; b < BATCH; b++) {
      partial_sums[(BATCH + b) * THREADS + local] = dot(ups[b], vec4f(1.0));
    }
  }
  if (NORM == 1u) {
    for (var b = 0u; b < BATCH; b++) {
      partial_sums[(BATCH + UPS + b) * THREADS + local] = squares[b];
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
    let up = partial_sums[at + UPS * THREADS];
    var scale = 1.0;
    if (NORM == 1u) {
      scale = norm_scale(partial_sums[at + (BATCH + UPS) * THREADS], params.units, params.epsilon);
    }
    finish(partial_sums[at] * scale, up * scale, (first + b) * params.y_stride + params.y_offset + row);
  }
}

override BATCH: u32 = 1u; // at most MAX_BATCH; constant, so that loops over it can be unrolled and their sums kept in registers

override EPILOGUE: u32 = 0u;

const GLU: u32 = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

override NORM: u32 = 0u; // 1: rows are normed

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

// `add_row`, which with a norm weighs each weight by it and, where `squared`, adds the squares of x to `squares`. An output's
// row of x is then the one that it names.
fn add_normed_row(sums: ptr<function, array<vec4f, MAX_BATCH>>, squares: ptr<function, array<f32, MAX_BATCH>>, squared: bool, row: u32, units: u32, plane: u32, first: u32, count: u32, of_outputs: u32, lane: u32, lanes: u32) {
  if (NORM == 0u) {
    add_row(sums, row, units, plane, first, count, lane, lanes);
    return;
  }
  for (var g = lane * GROUP_UNITS; g < units; g += lanes * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    for (var u = g; u < g + GROUP_UNITS; u++) {
      var w = dequant_unit(words, row * units + u, plane);
      for (var i = 0u; i < 8u; i++) {
        w[i] *= norm[u * 8u + i];
      }
      for (var b = 0u; b < BATCH; b++) {
        if (BATCH == 1u || b < count) {
          let o = (source_row(first + b, of_outputs) * units + u) * 8u;
          (*sums)[b] += unit_products(w, o);
          if (squared) {
            (*squares)[b] += unit_squares(o);
          }
        }
      }
    }
  }
}

const MAX_BATCH = 16u;

// 1 / rms of a row whose squares have the sum `squares`.
fn norm_scale(squares: f32, units: u32, epsilon: f32) -> f32 {
  return inverseSqrt(squares / f32(units * 32u) + epsilon);
}

fn row_count() -> u32 {
  return step[0];
}

fn output_count() -> u32 {
  return step[3];
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

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

@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where NORM is 0 not read

fn source_row(row: u32, of_outputs: u32) -> u32 {
  if (of_outputs == 1u) {
    return output_row(row);
  }
  return row;
}

fn unit_squares(o: u32) -> f32 {
  return dot(x[o], x[o]) + dot(x[o + 1u], x[o + 1u]) + dot(x[o + 2u], x[o + 2u]) + dot(x[o + 3u], x[o + 3u]) + dot(x[o + 4u], x[o + 4u]) + dot(x[o + 5u], x[o + 5u]) + dot(x[o + 6u], x[o + 6u]) + dot(x[o + 7u], x[o + 7u]);
}

// The row that output `output` reads.
fn output_row(output: u32) -> u32 {
  return step[step[1] + output];
}
