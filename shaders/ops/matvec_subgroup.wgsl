// Matrix × vector, one weight row a workgroup, summed by subgroups: y[r, n] = Σ_k W[n, k] · x[r, k], x normed where NORM
// is 1, then the epilogue.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · norm [32·units] f32 · y [batch × y_stride] f32
// grid: (columns of ≤ 65,535 workgroups, as many as it takes, ⌈batch / BATCH⌉)
import quant::GROUP_UNITS;
import package::lib::batch::{ BATCH, MAX_BATCH, batch_rows };
import package::lib::epilogue::{ EPILOGUE, ADD, GLU, activate };
import package::lib::norm::{ NORM, add_normed_row, norm_scale };
enable subgroups;

override THREADS: u32 = select(64u, 32u, GROUP_UNITS > 2u); // up to 4096 columns are no more groups of four
override UPS: u32 = select(0u, BATCH, EPILOGUE == GLU);
override SUMS: u32 = BATCH + UPS + BATCH * NORM; // of the batch, of its rows further on, of the squares of x

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

// A subgroup has at least 4 threads. The less workgroup memory, the sooner a software adapter has compiled.
override SUBGROUPS: u32 = THREADS / 4u;
var<workgroup> partial_sums: array<f32, SUMS * SUBGROUPS>; // [sum × subgroup]

// The epilogue of dot product `v`; `up` is that of the row `rows` further on, for GLU alone.
fn finish(v: f32, up: f32, to: u32) {
  var value = v;
  if (EPILOGUE == GLU) { value = activate(v) * up; }
  value *= params.scale;
  if (EPILOGUE == ADD) { value += y[to]; }
  y[to] = value;
}

// Sum `i` over the workgroup.
fn total(i: u32, subgroups: u32) -> f32 {
  var sum = 0.0;
  for (var s = 0u; s < subgroups; s++) { sum += partial_sums[i * SUBGROUPS + s]; }
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let first = group.z * BATCH;
  let count = batch_rows(first, params.of_outputs);
  var sums: array<vec4f, MAX_BATCH>;
  var squares: array<f32, MAX_BATCH>;
  add_normed_row(
    &sums, &squares, true, row, params.units, params.plane, first, count, params.of_outputs, local, THREADS,
  );
  for (var b = 0u; b < BATCH; b++) {
    let own = subgroupAdd(dot(sums[b], vec4f(1.0)));
    if (lane == 0u) { partial_sums[b * SUBGROUPS + local / size] = own; }
  }
  if (EPILOGUE == GLU) {
    var ups: array<vec4f, MAX_BATCH>;
    add_normed_row(
      &ups, &squares, false, row + params.rows, params.units, params.plane, first, count, params.of_outputs, local, THREADS,
    );
    for (var b = 0u; b < BATCH; b++) {
      let own = subgroupAdd(dot(ups[b], vec4f(1.0)));
      if (lane == 0u) { partial_sums[(BATCH + b) * SUBGROUPS + local / size] = own; }
    }
  }
  if (NORM == 1u) {
    for (var b = 0u; b < BATCH; b++) {
      let own = subgroupAdd(squares[b]);
      if (lane == 0u) { partial_sums[(BATCH + UPS + b) * SUBGROUPS + local / size] = own; }
    }
  }
  workgroupBarrier();
  if (local >= count) { return; }
  let subgroups = (THREADS + size - 1u) / size;
  let up = total(UPS + local, subgroups);
  var scale = 1.0;
  if (NORM == 1u) { scale = norm_scale(total(BATCH + UPS + local, subgroups), params.units, params.epsilon); }
  finish(total(local, subgroups) * scale, up * scale, (first + local) * params.y_stride + params.y_offset + row);
}
