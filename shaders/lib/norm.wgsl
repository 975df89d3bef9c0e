// An RMS norm within the matvec that reads the normed rows: W · (x ⊙ norm / rms(x)) = (W ⊙ norm) · x / rms(x). The threads that
// share a weight row add up the squares of what they read of x anyway; the sum is divided when it is whole.
import quant::{ GROUP_UNITS, dequant_unit, group_words };
import package::lib::batch::{ BATCH, MAX_BATCH, add_row, unit_products, x };
import package::lib::step::output_row;

override NORM: u32 = 0u; // 1: rows are normed

@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where NORM is 0 not read

// `add_row`, which with a norm weighs each weight by it and, where `squared`, adds the squares of x to `squares`. An output's
// row of x is then the one that it names.
fn add_normed_row(
  sums: ptr<function, array<vec4f, MAX_BATCH>>, squares: ptr<function, array<f32, MAX_BATCH>>, squared: bool,
  row: u32, units: u32, plane: u32, first: u32, count: u32, of_outputs: u32, lane: u32, lanes: u32,
) {
  if (NORM == 0u) {
    add_row(sums, row, units, plane, first, count, lane, lanes);
    return;
  }
  for (var g = lane * GROUP_UNITS; g < units; g += lanes * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    for (var u = g; u < g + GROUP_UNITS; u++) {
      var w = dequant_unit(words, row * units + u, plane);
      for (var i = 0u; i < 8u; i++) { w[i] *= norm[u * 8u + i]; }
      for (var b = 0u; b < BATCH; b++) {
        if (BATCH == 1u || b < count) {
          let o = (source_row(first + b, of_outputs) * units + u) * 8u;
          (*sums)[b] += unit_products(w, o);
          if (squared) { (*squares)[b] += unit_squares(o); }
        }
      }
    }
  }
}

fn source_row(row: u32, of_outputs: u32) -> u32 {
  if (of_outputs == 1u) { return output_row(row); }
  return row;
}

fn unit_squares(o: u32) -> f32 {
  return dot(x[o], x[o]) + dot(x[o + 1u], x[o + 1u]) + dot(x[o + 2u], x[o + 2u]) + dot(x[o + 3u], x[o + 3u])
    + dot(x[o + 4u], x[o + 4u]) + dot(x[o + 5u], x[o + 5u]) + dot(x[o + 6u], x[o + 6u]) + dot(x[o + 7u], x[o + 7u]);
}

// 1 / rms of a row whose squares have the sum `squares`.
fn norm_scale(squares: f32, units: u32, epsilon: f32) -> f32 {
  return inverseSqrt(squares / f32(units * 32u) + epsilon);
}
