// RMS norm: v[r, k] = scale · x[s, k] · weight[k] / sqrt(mean(x[s]²) + epsilon), s = r or the row of output r; y = v or y = y + v
// x [rows × hidden] f32 · weight [hidden] f32 · y [rows × hidden] f32 · hidden a multiple of 4
// grid: (1, rows or outputs)
import package::lib::epilogue::{ EPILOGUE, ADD };
import package::lib::reduce::{ lane_sum, THREADS };
import package::lib::step::output_row;

struct Params {
  quads: u32, // hidden / 4
  epsilon: f32,
  of_outputs: u32, // 1: row r is output r, read at output_row(r)
  scale: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> weight: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var source = group.y;
  if (params.of_outputs == 1u) { source = output_row(group.y); }
  let base = source * params.quads;
  let to = group.y * params.quads;
  var squares = 0.0;
  for (var i = local; i < params.quads; i += THREADS) { squares += dot(x[base + i], x[base + i]); }
  let mean = lane_sum(squares, local) / f32(params.quads * 4u);
  let scale = params.scale / sqrt(mean + params.epsilon);
  for (var i = local; i < params.quads; i += THREADS) {
    let v = x[base + i] * scale * weight[i];
    if (EPILOGUE == ADD) { y[to + i] += v; } else { y[to + i] = v; }
  }
}
