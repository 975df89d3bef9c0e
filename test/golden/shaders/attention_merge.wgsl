override HEADS: u32 = 1u;

override HEAD_SIZE: u32 = 64u;

override RANGE: u32 = 256u;

struct Params {
  window: u32, // positions a row can see, its own included; 0: all before it
  parts: u32, // quads of y before the first one of ranges
}


@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let quads = HEAD_SIZE / 4u;
  if (id.x >= HEADS * quads) {
    return;
  }
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

fn row_position(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 1u];
}

// The first position that a row sees, whose last is `length` − 1; with a window of 0 it sees all.
fn seen_from(length: u32, window: u32) -> u32 {
  return select(0u, length - window, window > 0u && length > window);
}

fn nothing() -> Part {
  return Part(vec4f(), LOWEST, 0.0);
}

// Quads of y from the first one of parts to those of a row's range and head. `range` counts from the first that the row sees.
fn part_address(row: u32, range: u32, head: u32, heads: u32, quads: u32) -> u32 {
  return ((row * MOST_RANGES + range) * heads + head) * (quads + 1u);
}

// Said as `fma`, so that no compiler has a choice: both kernels that join give the same bits.
fn joined(a: Part, b: Part) -> Part {
  let top = max(a.top, b.top);
  let of_a = exp(a.top - top);
  let of_b = exp(b.top - top);
  return Part(fma(b.sum, vec4f(of_b), a.sum * of_a), top, fma(b.weight, of_b, a.weight * of_a));
}

struct Part {
  sum: vec4f, // Σ weight · value, of four dimensions
  top: f32, // the largest score
  weight: f32, // Σ e^(score − top)
}


// How parts of a softmax join, and where attention leaves them: behind the rows of y, [row][range][query head][quad], a
// head's sums and in one quad more its largest score and its weight.
const MOST_RANGES = 32u;

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;

const LOWEST = -3.0e38; // finite: exp of a difference with it is 0, never NaN
