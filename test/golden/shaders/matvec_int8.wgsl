override UPS: u32 = select(0u, BATCH, EPILOGUE == GLU);

override SUMS: u32 = BATCH + UPS; // that lanes share: of the batch, of its rows further on

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
  var sums: array<f32, MAX_BATCH>;
  var ups: array<f32, MAX_BATCH>;
  for (var start = 0u; start < params.units; start += CHUNK) {
    take_chunk(start, params.units, first, count, params.of_outputs, local);
    add_chunk(&sums, read_row, params.units, params.plane, start, count, lane);
    if (EPILOGUE == GLU) {
      add_chunk(&ups, read_row + params.rows, params.units, params.plane, start, count, lane);
    }
  }
  for (var b = 0u; b < BATCH; b++) {
    partial_sums[b * THREADS + local] = sums[b];
    if (EPILOGUE == GLU) {
      partial_sums[(BATCH + b) * THREADS + local] = ups[b];
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
      scale = norm_scale(x_squares[b], params.units, params.epsilon);
    }
    finish(partial_sums[at] * scale, up * scale, (first + b) * params.y_stride + params.y_offset + row);
  }
}

override BATCH: u32 = 1u; // at most MAX_BATCH; constant, so that loops over it can be unrolled and their sums kept in registers

override EPILOGUE: u32 = 0u;

const GLU: u32 = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

override THREADS: u32 = 64u;

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

override LANES: u32 = 8u; // threads that share a weight row; a power of two

// Rows from `first` on that are there; 1 where a row is alone.
fn batch_rows(first: u32, of_outputs: u32) -> u32 {
  if (BATCH == 1u) {
    return 1u;
  }
  return min(BATCH, select(row_count(), output_count(), of_outputs == 1u) - first);
}

const MAX_BATCH = 16u;

override CHUNK: u32 = 128u / BATCH; // units of a row of x that lie in workgroup memory at once; whole groups

// Puts the units of `count` rows of x from unit `start` on into workgroup memory.
fn take_chunk(start: u32, units: u32, first: u32, count: u32, of_outputs: u32, local: u32) {
  workgroupBarrier(); // the chunk before is read
  let taken = min(CHUNK, units - start);
  for (var i = local; i < count * taken; i += THREADS) {
    let b = i / taken;
    let u = i % taken;
    var row = first + b;
    if (NORM == 1u) {
      row = source_row(row, of_outputs);
    }
    round_unit(b * CHUNK + u, (row * units + start + u) * 8u, (start + u) * 8u);
  }
  workgroupBarrier();
  if (NORM == 1u && local < count) {
    var squares = select(x_squares[local], 0.0, start == 0u);
    for (var u = 0u; u < taken; u++) {
      squares += x_scales[local * CHUNK + u].w;
    }
    x_squares[local] = squares; // read behind the next barrier
  }
}

// Adds the products of weight row `row` with the chunk: of every LANES-th group of units of the whole row from group `lane` on.
fn add_chunk(sums: ptr<function, array<f32, MAX_BATCH>>, row: u32, units: u32, plane: u32, start: u32, count: u32, lane: u32) {
  let end = min(start + CHUNK, units);
  let skipped = (lane + LANES - (start / GROUP_UNITS) % LANES) % LANES;
  for (var g = start + skipped * GROUP_UNITS; g < end; g += LANES * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    for (var u = g; u < g + GROUP_UNITS; u++) {
      let w = byte_unit(words, row * units + u, plane);
      for (var b = 0u; b < BATCH; b++) {
        if (BATCH == 1u || b < count) {
          (*sums)[b] += byte_products(w, b * CHUNK + u - start);
        }
      }
    }
  }
}

override NORM: u32 = 0u; // 1: rows are normed

// Rounds the unit of x at quad `o`, times the norm's weights from quad `w` on where there is a norm, into place `to`.
fn round_unit(to: u32, o: u32, w: u32) {
  var v: array<vec4f, 8>;
  var largest = vec4u(0u); // bits of sizes: these are in their order, and NaN is the largest
  for (var i = 0u; i < 8u; i++) {
    v[i] = x[o + i];
    if (NORM == 1u) {
      v[i] *= norm[w + i];
    }
    largest = max(largest, bitcast<vec4u>(v[i]) & vec4u(0x7fffffffu));
  }
  let size = bitcast<f32>(max(max(largest.x, largest.y), max(largest.z, largest.w)));
  let inverse = select(127.0 / size, 0.0, size == 0.0);
  let first = vec4u(rounded(v[0], inverse), rounded(v[1], inverse), rounded(v[2], inverse), rounded(v[3], inverse));
  let second = vec4u(rounded(v[4], inverse), rounded(v[5], inverse), rounded(v[6], inverse), rounded(v[7], inverse));
  x_bytes[2u * to] = first;
  x_bytes[2u * to + 1u] = second;
  let scale = size / 127.0;
  let ones = vec4u(0x01010101u);
  var squares = 0.0;
  if (NORM == 1u) {
    squares = unit_squares(o);
  }
  x_scales[to] = vec4f(scale, scale * f32(byte_dot(first, ones)), scale * f32(byte_dot(second, ones)), squares);
}

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

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

fn rounded(v: vec4f, inverse: f32) -> u32 {
  return pack4xI8(vec4i(round(v * inverse)));
}

var<workgroup> x_bytes: array<vec4u, 2u * BATCH * CHUNK>; // [row × unit × half]

var<workgroup> x_scales: array<vec4f, BATCH * CHUNK>; // [row × unit] the scale; it times the sum of each half's bytes; the sum of squares

fn byte_dot(a: vec4u, b: vec4u) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

@group(0) @binding(3) var<storage, read> x: array<vec4f>;

@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where NORM is 0 not read

fn unit_squares(o: u32) -> f32 {
  return dot(x[o], x[o]) + dot(x[o + 1u], x[o + 1u]) + dot(x[o + 2u], x[o + 2u]) + dot(x[o + 3u], x[o + 3u]) + dot(x[o + 4u], x[o + 4u]) + dot(x[o + 5u], x[o + 5u]) + dot(x[o + 6u], x[o + 6u]) + dot(x[o + 7u], x[o + 7u]);
}

var<workgroup> x_squares: array<f32, BATCH>; // sums of the squares of rows of x, up to the chunk

fn byte_products(w: ByteUnit, at: u32) -> f32 {
  let s = x_scales[at];
  let products = vec2f(f32(byte_dot(w.first, x_bytes[2u * at])), f32(byte_dot(w.second, x_bytes[2u * at + 1u])));
  return s.x * dot(w.scales, products) - dot(w.minimums, s.yz);
}

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
