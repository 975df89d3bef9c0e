// How parts of a softmax join, and where attention leaves them: behind the rows of y, [row][range][query head][quad], a
// head's sums and in one quad more its largest score and its weight.
const MOST_RANGES = 32u;
const LOWEST = -3.0e38; // finite: exp of a difference with it is 0, never NaN

struct Part {
  sum: vec4f, // Σ weight · value, of four dimensions
  top: f32, // the largest score
  weight: f32, // Σ e^(score − top)
}

fn nothing() -> Part { return Part(vec4f(), LOWEST, 0.0); }

// Said as `fma`, so that no compiler has a choice: both kernels that join give the same bits.
fn joined(a: Part, b: Part) -> Part {
  let top = max(a.top, b.top);
  let of_a = exp(a.top - top);
  let of_b = exp(b.top - top);
  return Part(fma(b.sum, vec4f(of_b), a.sum * of_a), top, fma(b.weight, of_b, a.weight * of_a));
}

// Quads of y from the first one of parts to those of a row's range and head. `range` counts from the first that the row sees.
fn part_address(row: u32, range: u32, head: u32, heads: u32, quads: u32) -> u32 {
  return ((row * MOST_RANGES + range) * heads + head) * (quads + 1u);
}

// The first position that a row sees, whose last is `length` − 1; with a window of 0 it sees all.
fn seen_from(length: u32, window: u32) -> u32 {
  return select(0u, length - window, window > 0u && length > window);
}
