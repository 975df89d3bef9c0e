// Matrix × vector, one weight row a thread: y[r, n] = Σ_k W[n, k] · x[r, k], then the epilogue. Best where barriers cost
// more than memory: software adapters.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / 64⌉, 1, ⌈batch / BATCH⌉)
import package::lib::batch::{ BATCH, MAX_BATCH, add_row, batch_rows };
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, activate };

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
  if (EPILOGUE == GLU) { value = activate(v) * up; }
  value *= params.scale;
  if (EPILOGUE == ADD) { value += y[to]; }
  y[to] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= params.rows) { return; }
  let first = id.z * BATCH;
  let count = batch_rows(first, params.of_outputs);
  var sums: array<vec4f, MAX_BATCH>;
  add_row(&sums, row, params.units, params.plane, first, count, 0u, 1u);
  var ups: array<vec4f, MAX_BATCH>;
  if (EPILOGUE == GLU) { add_row(&ups, row + params.rows, params.units, params.plane, first, count, 0u, 1u); }
  for (var b = 0u; b < BATCH; b++) {
    if (b < count) {
      finish(dot(sums[b], vec4f(1.0)), dot(ups[b], vec4f(1.0)), (first + b) * params.y_stride + params.y_offset + row);
    }
  }
}
