// Embedding rows: y[r, k] = scale · W[token(r), k]. W may be some rows of the vocabulary: what asks for others is left alone.
// W [rows × hidden] quantised, its first row that of token first_row · y [rows × hidden] f32
// grid: (⌈hidden / 32 / 64⌉, rows)
import quant::dequant32;
import package::lib::step::{ row_token, row_slot, ON_DEVICE };

struct Params {
  units: u32, // hidden / 32
  plane: u32, // word at which the weights' side plane begins
  scale: f32,
  first_row: u32,
  rows: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> sampled: array<u32>; // [slots] token chosen last
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.units) { return; }
  let row = id.y;
  var token = row_token(row);
  if (token == ON_DEVICE) { token = sampled[row_slot(row)]; }
  let weight_row = token - params.first_row; // of a token before the first: beyond the last
  if (weight_row >= params.rows) { return; }
  let w = dequant32(weight_row * params.units + id.x, params.plane);
  let o = (row * params.units + id.x) * 8u;
  for (var i = 0u; i < 8u; i++) { y[o + i] = w[i] * params.scale; }
}
