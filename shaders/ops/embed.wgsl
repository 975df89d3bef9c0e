// Rows of a table: y[r, k] = scale · W[index(r), k], or that added to y; the index is the row's token, its position, or 0.
// W may be some rows of the table: what asks for others is left alone.
// W [rows × hidden] quantised, its first row the table's first_row · y [rows × hidden] f32
// grid: (⌈hidden / 32 / 64⌉, rows)
import quant::dequant32;
import package::lib::epilogue::{ EPILOGUE, ADD };
import package::lib::step::row_position;
import package::lib::token::token_of;

override INDEX: u32 = 0u; // what a row's index is
const POSITION: u32 = 1u;
const ZERO: u32 = 2u; // else its token

struct Params {
  units: u32, // hidden / 32
  plane: u32, // word at which the weights' side plane begins
  scale: f32,
  first_row: u32,
  rows: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

fn index_of(row: u32) -> u32 {
  if (INDEX == ZERO) { return 0u; }
  if (INDEX == POSITION) { return row_position(row); }
  return token_of(row);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.units) { return; }
  let row = id.y;
  let weight_row = index_of(row) - params.first_row; // of an index before the first: beyond the last
  if (weight_row >= params.rows) { return; }
  let w = dequant32(weight_row * params.units + id.x, params.plane);
  let o = (row * params.units + id.x) * 8u;
  for (var i = 0u; i < 8u; i++) {
    let v = w[i] * params.scale;
    if (EPILOGUE == ADD) { y[o + i] += v; } else { y[o + i] = v; }
  }
}
