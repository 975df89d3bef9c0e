// Matrix × vector, LANES threads a weight row: y[r, n] = Σ_k W[n, k] · x[r, k], then the epilogue. Needs no feature.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / (THREADS / LANES)⌉, 1, ⌈batch / BATCH⌉)
import package::lib::batch::{ BATCH, MAX_BATCH, add_row, batch_rows };
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, activate };

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
  var sums: array<vec4f, MAX_BATCH>;
  add_row(&sums, read_row, params.units, params.plane, first, count, lane, LANES);
  for (var b = 0u; b < BATCH; b++) { partial_sums[b * THREADS + local] = dot(sums[b], vec4f(1.0)); }
  if (EPILOGUE == GLU) {
    var ups: array<vec4f, MAX_BATCH>;
    add_row(&ups, read_row + params.rows, params.units, params.plane, first, count, lane, LANES);
    for (var b = 0u; b < BATCH; b++) { partial_sums[(BATCH + b) * THREADS + local] = dot(ups[b], vec4f(1.0)); }
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
    let up = partial_sums[at + (SUMS - BATCH) * THREADS];
    finish(partial_sums[at], up, (first + b) * params.y_stride + params.y_offset + row);
  }
}
