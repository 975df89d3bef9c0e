// Penalises the logits of the last tokens of each output's text, in place, as src/sampling does: the repeat penalty divides a
// positive logit and multiplies any other, then the presence penalty is taken off once and the frequency penalty once per
// occurrence. A workgroup counts the tokens of its slice of the vocabulary in a table, however many are looked at, and edits the logits of
// those that it met. Outputs without penalties are left alone.
// The row's own token may be known to the device alone; it is kept, for the rows behind it.
// logits [outputs × size] f32 bits · text [blocks × block tokens] u32
// grid: (⌈size / 4096⌉, outputs)
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

const SLICE = 4096u; // tokens of the vocabulary a workgroup
const THREADS = 256u;

var<workgroup> counts: array<atomic<u32>, SLICE>; // how often each is among those that are looked at

// Token `index` of the `count` that are looked at, the last of which is the row's own.
fn recent(row: u32, index: u32, count: u32) -> u32 {
  if (index + 1u == count) { return token_of(row); }
  return text[text_address(row, row_position(row) + 1u + index - count, params.block_tokens)];
}

fn penalty(output: u32, word: u32) -> f32 { return bitcast<f32>(output_penalty(output, word)); }

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let output = group.y;
  let row = output_row(output);
  let count = output_penalty(output, 0u);
  if (count == 0u) { return; }
  for (var place = local; place < SLICE; place += THREADS) { atomicStore(&counts[place], 0u); }
  workgroupBarrier();
  let first = group.x * SLICE;
  for (var i = local; i < count; i += THREADS) {
    let place = recent(row, i, count) - first;
    if (place < SLICE) { atomicAdd(&counts[place], 1u); }
  }
  workgroupBarrier();
  for (var place = local; place < SLICE; place += THREADS) {
    let times = atomicLoad(&counts[place]);
    let at = output * params.size + first + place;
    if (times == 0u || first + place >= params.size || order_key(logits[at]) == NAN_KEY) { continue; }
    let logit = bitcast<f32>(logits[at]);
    let repeated = logit * penalty(output, select(1u, 2u, logit > 0.0));
    logits[at] = bitcast<u32>(repeated - (penalty(output, 3u) + f32(times) * penalty(output, 4u)));
  }
  if (group.x == 0u && local == 0u) { text[text_address(row, row_position(row), params.block_tokens)] = token_of(row); }
}
