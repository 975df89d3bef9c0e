// Joins what the workgroups of `attention` left of a row's ranges, in the order of these: one thread a quad of y.
// y [rows × KV_HEADS·GROUP·HEAD_SIZE] f32, and behind that the parts
// grid: (⌈KV_HEADS·GROUP·HEAD_SIZE / 4 / 64⌉, rows)
import package::lib::attention::{ Part, nothing, joined, part_address, seen_from };
import package::lib::step::row_position;

override HEADS: u32 = 1u;
override HEAD_SIZE: u32 = 64u;
override RANGE: u32 = 256u;

struct Params {
  window: u32, // positions a row can see, its own included; 0: all before it
  parts: u32, // quads of y before the first one of ranges
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quads = HEAD_SIZE / 4u;
  if (id.x >= HEADS * quads) { return; }
  let row = id.y;
  let head = id.x / quads;
  let length = row_position(row) + 1u;
  let ranges = (length - 1u) / RANGE - seen_from(length, params.window) / RANGE + 1u;
  var all = nothing();
  for (var range = 0u; range < ranges; range++) {
    let at = params.parts + part_address(row, range, head, HEADS, quads);
    let scale = y[at + quads];
    all = joined(all, Part(y[at + id.x % quads], scale.x, scale.y));
  }
  y[row * HEADS * quads + id.x] = all.sum / all.weight;
}
