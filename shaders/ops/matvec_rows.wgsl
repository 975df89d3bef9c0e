// Matrix × vector, two weight rows a thread, neighbours or with GLU a gate and its up: y[r, n] = Σ_k W[n, k] · x[r, k], x normed
// where NORM is 1, then the epilogue. Best where barriers cost more than memory: software adapters.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · norm [32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / 64⌉, 1, ⌈batch / BATCH⌉)
import reads::read_lane;
import package::lib::batch::{ BATCH, batch_rows };
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, activate };
import package::lib::pair::{ Sums, add_pair, pair_dots };

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
  if (EPILOGUE == GLU) { value = activate(v) * up; }
  value *= params.scale;
  if (EPILOGUE == ADD) { value += y[to]; }
  y[to] = value;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var own = group.x * THREADS + local;
  if (EPILOGUE != GLU) { own *= 2u; }
  let row = min(own, params.rows - 1u); // threads behind the last row read it too, and store nothing
  var other = row + params.rows;
  if (EPILOGUE != GLU) { other = min(row + 1u, params.rows - 1u); } // the last of an odd number is its own neighbour
  let first = group.z * BATCH;
  let count = batch_rows(first, params.of_outputs);
  var sums: Sums;
  add_pair(&sums, vec2u(row, other), params.units, params.plane, first, count, params.of_outputs, read_lane());
  for (var r = 0u; r < BATCH; r++) {
    if (r < count && own == row) {
      let dots = pair_dots(&sums, r, params.units, params.epsilon);
      let to = (first + r) * params.y_stride + params.y_offset + row;
      finish(dots.x, dots.y, to);
      if (EPILOGUE != GLU && other > row) { finish(dots.y, 0.0, to + 1u); }
    }
  }
}
