// Matrix × vector of bytes, LANES threads a weight row: y[r, n] = Σ_k W[n, k] · x[r, k], x normed where NORM is 1 and then rounded to
// bytes (`matvec_int8`) or halves (`matvec_f16`) of which 32 share a scale, then the epilogue. Needs packed_4x8_integer_dot_product
// of the browser; halves need shader-f16.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · norm [32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / (THREADS / LANES)⌉, 1, ⌈batch / BATCH⌉)
import package::lib::batch::{ BATCH, MAX_BATCH, batch_rows };
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, activate };
@if(HALVES) import package::lib::half::{ CHUNK, LANES, THREADS, add_chunk, take_chunk, x_squares };
@if(!HALVES) import package::lib::int8::{ CHUNK, LANES, THREADS, add_chunk, take_chunk, x_squares };
import package::lib::norm::{ NORM, norm_scale };
@if(F16) enable f16;

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
  if (EPILOGUE == GLU) { value = activate(v) * up; }
  value *= params.scale;
  if (EPILOGUE == ADD) { value += y[to]; }
  y[to] = value;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
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
    if (EPILOGUE == GLU) { add_chunk(&ups, read_row + params.rows, params.units, params.plane, start, count, lane); }
  }
  for (var b = 0u; b < BATCH; b++) {
    partial_sums[b * THREADS + local] = sums[b];
    if (EPILOGUE == GLU) { partial_sums[(BATCH + b) * THREADS + local] = ups[b]; }
  }
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (var i = local; i < SUMS * THREADS; i += THREADS) { partial_sums[i] += partial_sums[i + half]; }
    }
    workgroupBarrier();
  }
  if (row >= params.rows) { return; }
  // The lanes share the batch's rows.
  for (var b = lane; b < count; b += LANES) {
    let at = b * THREADS + local - lane;
    let up = partial_sums[at + UPS * THREADS];
    var scale = 1.0;
    if (NORM == 1u) { scale = norm_scale(x_squares[b], params.units, params.epsilon); }
    finish(partial_sums[at] * scale, up * scale, (first + b) * params.y_stride + params.y_offset + row);
  }
}
