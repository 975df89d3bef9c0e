override THREADS: u32 = select(32u, 64u, EPILOGUE == GLU); // so that a workgroup gives 64 numbers

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
  var own = group.x * THREADS + local;
  if (EPILOGUE != GLU) {
    own *= 2u;
  }
  let row = min(own, params.rows - 1u); // threads behind the last row read it too, and store nothing
  var other = row + params.rows;
  if (EPILOGUE != GLU) {
    other = min(row + 1u, params.rows - 1u);
  } // the last of an odd number is its own neighbour
  let first = group.z * BATCH;
  let count = batch_rows(first, params.of_outputs);
  var sums: Sums;
  add_pair(&sums, vec2u(row, other), params.units, params.plane, first, count, params.of_outputs, read_lane());
  for (var r = 0u; r < BATCH; r++) {
    if (r < count && own == row) {
      let dots = pair_dots(&sums, r, params.units, params.epsilon);
      let to = (first + r) * params.y_stride + params.y_offset + row;
      finish(dots.x, dots.y, to);
      if (EPILOGUE != GLU && other > row) {
        finish(dots.y, 0.0, to + 1u);
      }
    }
  }
}

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

// Adds weight rows `rows.x` and `rows.y`, of `units` units, times `count` rows of x from row `first` on, normed where NORM is 1. All threads
// of the workgroup call it together; `lane` is that of their reads.
fn add_pair(sums: ptr<function, Sums>, rows: vec2u, units: u32, plane: u32, first: u32, count: u32, of_outputs: u32, lane: u32) {
  let alone = source_of(first, of_outputs);
  for (var g = 0u; g < units; g += GROUP_UNITS) {
    let i = rows * units + vec2u(g);
    let a = group_words(i.x, plane);
    let b = group_words(i.y, plane);
    if (GROUP_UNITS == 1u) {
      // a loop of one turn costs a software adapter as much as the unit
      add_units(sums, dequant_unit(a, i.x, plane), dequant_unit(b, i.y, plane), g, units, alone, first, count, of_outputs, lane);
    } else {
      for (var u = g; u < g + GROUP_UNITS; u++) {
        let k = rows * units + vec2u(u);
        add_units(sums, dequant_unit(a, k.x, plane), dequant_unit(b, k.y, plane), u, units, alone, first, count, of_outputs, lane);
      }
    }
  }
}

// What a thread adds up for each row of the batch: the products of weight row `a` and of `b` with it, and its squares.
struct Sums {
  a: array<vec4f, MAX_BATCH>,
  b: array<vec4f, MAX_BATCH>,
  squares: array<f32, MAX_BATCH>,
}


const MAX_BATCH = 16u;

// Both dot products of row `r` of the batch.
fn pair_dots(sums: ptr<function, Sums>, r: u32, units: u32, epsilon: f32) -> vec2f {
  let dots = vec2f(dot((*sums).a[r], vec4f(1.0)), dot((*sums).b[r], vec4f(1.0)));
  if (NORM == 0u) {
    return dots;
  }
  return dots * norm_scale((*sums).squares[r], units, epsilon);
}

override NORM: u32 = 0u; // 1: rows are normed

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

// The row of x that row `row` of the batch reads: with a norm an output's is the one that it names.
fn source_of(row: u32, of_outputs: u32) -> u32 {
  if (NORM == 0u) {
    return row;
  }
  return source_row(row, of_outputs);
}

// Adds unit `u` of both weight rows; `alone` is the row of x in a batch of one.
fn add_units(sums: ptr<function, Sums>, a: array<vec4f, 8>, b: array<vec4f, 8>, u: u32, units: u32, alone: u32, first: u32, count: u32, of_outputs: u32, lane: u32) {
  var weights_of_norm: array<vec4f, 8>;
  if (NORM == 1u) {
    weights_of_norm = norm_unit(u * 8u, lane);
  }
  if (BATCH == 1u) {
    let unit = unit_sums(a, b, weights_of_norm, (alone * units + u) * 8u, lane);
    (*sums).a[0] += unit.a;
    (*sums).b[0] += unit.b;
    if (NORM == 1u) {
      (*sums).squares[0] += unit.squares;
    }
  } else {
    for (var r = 0u; r < BATCH; r++) {
      if (r < count) {
        let unit = unit_sums(a, b, weights_of_norm, (source_of(first + r, of_outputs) * units + u) * 8u, lane);
        (*sums).a[r] += unit.a;
        (*sums).b[r] += unit.b;
        if (NORM == 1u) {
          (*sums).squares[r] += unit.squares;
        }
      }
    }
  }
}

// Eight quads of the norm's weights from quad `o` on.
fn norm_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  if (SHARED) {
    return of_both(from_quad(norm[o + lane]), from_quad(norm[o + 4u + lane]));
  }
  return array<vec4f, 8>(norm[o], norm[o + 1u], norm[o + 2u], norm[o + 3u], norm[o + 4u], norm[o + 5u], norm[o + 6u], norm[o + 7u]);
}

fn of_both(a: mat4x4f, b: mat4x4f) -> array<vec4f, 8> {
  return array<vec4f, 8>(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
}

@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where NORM is 0 not read

// The unit of x begins at quad `o`.
fn unit_sums(a: array<vec4f, 8>, b: array<vec4f, 8>, n: array<vec4f, 8>, o: u32, lane: u32) -> UnitSums {
  let v = x_unit(o, lane);
  if (NORM == 0u) {
    return UnitSums(products(a, v), products(b, v), 0.0);
  }
  let w = array<vec4f, 8>(v[0] * n[0], v[1] * n[1], v[2] * n[2], v[3] * n[3], v[4] * n[4], v[5] * n[5], v[6] * n[6], v[7] * n[7]);
  let squares = dot(v[0], v[0]) + dot(v[1], v[1]) + dot(v[2], v[2]) + dot(v[3], v[3]) + dot(v[4], v[4]) + dot(v[5], v[5]) + dot(v[6], v[6]) + dot(v[7], v[7]);
  return UnitSums(products(a, w), products(b, w), squares);
}

// Eight quads of x from quad `o` on.
fn x_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  if (SHARED) {
    return of_both(from_quad(x[o + lane]), from_quad(x[o + 4u + lane]));
  }
  return array<vec4f, 8>(x[o], x[o + 1u], x[o + 2u], x[o + 3u], x[o + 4u], x[o + 5u], x[o + 6u], x[o + 7u]);
}

// Of one unit.
struct UnitSums {
  a: vec4f,
  b: vec4f,
  squares: f32,
}


fn products(w: array<vec4f, 8>, v: array<vec4f, 8>) -> vec4f {
  return w[0] * v[0] + w[1] * v[1] + w[2] * v[2] + w[3] * v[3] + w[4] * v[4] + w[5] * v[5] + w[6] * v[6] + w[7] * v[7];
}

@group(0) @binding(3) var<storage, read> x: array<vec4f>;

fn source_row(row: u32, of_outputs: u32) -> u32 {
  if (of_outputs == 1u) {
    return output_row(row);
  }
  return row;
}

// The row that output `output` reads.
fn output_row(output: u32) -> u32 {
  return step[step[1] + output];
}
