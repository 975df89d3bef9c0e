// Penalises the logits of the last tokens of each output's text, in place, as src/sampling does: the repeat penalty divides a
// positive logit and multiplies any other, then the presence penalty is taken off once and the frequency penalty once per
// occurrence. The first place of a token counts its places and edits its logit. Outputs without penalties are left alone.
// The row's own token may be known to the device alone; it is kept, for the rows behind it.
// logits [outputs × size] f32 bits · text [blocks × block tokens] u32
// grid: (1, outputs)
import package::lib::order::{ order_key, NAN_KEY };
import package::lib::step::{ output_penalty, output_row, row_position };
import package::lib::text::text_address;
import package::lib::token::token_of;

struct Params {
  size: u32, // logits an output
  block_tokens: u32, // positions a block
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> logits: array<u32>;
@group(0) @binding(4) var<storage, read_write> text: array<u32>;

// Token `index` of the `count` that are looked at, the last of which is the row's own.
fn recent(row: u32, index: u32, count: u32) -> u32 {
  if (index + 1u == count) { return token_of(row); }
  return text[text_address(row, row_position(row) + 1u + index - count, params.block_tokens)];
}

// How often token `id` is among them; 0 where `index` is not its first place.
fn occurrences(row: u32, id: u32, index: u32, count: u32) -> u32 {
  var found = 0u;
  for (var i = 0u; i < count; i++) {
    if (recent(row, i, count) != id) { continue; }
    if (i < index) { return 0u; }
    found++;
  }
  return found;
}

fn penalty(output: u32, word: u32) -> f32 { return bitcast<f32>(output_penalty(output, word)); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let output = group.y;
  let row = output_row(output);
  let count = output_penalty(output, 0u);
  for (var i = local; i < count; i += 64u) {
    let id = recent(row, i, count);
    let times = occurrences(row, id, i, count);
    let at = output * params.size + id;
    if (times == 0u || id >= params.size || order_key(logits[at]) == NAN_KEY) { continue; }
    let logit = bitcast<f32>(logits[at]);
    let repeated = logit * penalty(output, select(1u, 2u, logit > 0.0));
    logits[at] = bitcast<u32>(repeated - (penalty(output, 3u) + f32(times) * penalty(output, 4u)));
  }
  if (local == 0u && count > 0u) { text[text_address(row, row_position(row), params.block_tokens)] = token_of(row); }
}
