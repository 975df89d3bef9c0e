// Keeps the token of each row where the row's keys and values are kept, for penalties that look back at it.
// text [blocks × block tokens] u32
// grid: (⌈rows / 64⌉)
import package::lib::step::{ row_count, row_position };
import package::lib::text::text_address;
import package::lib::token::token_of;

struct Params {
  block_tokens: u32, // positions a block
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> text: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= row_count()) { return; }
  text[text_address(id.x, row_position(id.x), params.block_tokens)] = token_of(id.x);
}
