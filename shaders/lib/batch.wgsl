// The rows of a step share one reading of the weights: a thread keeps a sum for each of up to BATCH rows. A row's sum is made
// of the same terms in the same order whatever BATCH is, so that its bits do not depend on who runs beside it.
import quant::{ GROUP_UNITS, dequant_unit, group_words };
import package::lib::step::{ row_count, output_count };

override BATCH: u32 = 1u; // at most MAX_BATCH; constant, so that loops over it can be unrolled and their sums kept in registers
const MAX_BATCH = 16u;

@group(0) @binding(3) var<storage, read> x: array<vec4f>;

// Rows from `first` on that are there; 1 where a row is alone.
fn batch_rows(first: u32, of_outputs: u32) -> u32 {
  if (BATCH == 1u) { return 1u; }
  return min(BATCH, select(row_count(), output_count(), of_outputs == 1u) - first);
}

// Adds the products of weight row `row`, of `units` units, with `count` rows of x from row `first` on: of every `lanes`-th
// group of units from group `lane` on. What a group shares is read once.
fn add_row(
  sums: ptr<function, array<vec4f, MAX_BATCH>>,
  row: u32, units: u32, plane: u32, first: u32, count: u32, lane: u32, lanes: u32,
) {
  let row_quads = units * 8u;
  for (var g = lane * GROUP_UNITS; g < units; g += lanes * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    if (GROUP_UNITS == 1u) { // a loop of one turn costs a software adapter as much as the unit
      add_unit(sums, dequant_unit(words, row * units + g, plane), first * row_quads + g * 8u, row_quads, count);
    } else {
      for (var u = g; u < g + GROUP_UNITS; u++) {
        add_unit(sums, dequant_unit(words, row * units + u, plane), first * row_quads + u * 8u, row_quads, count);
      }
    }
  }
}

// Adds the products of a unit of weights with each row's unit of x; the first row's begins at quad `o`.
fn add_unit(sums: ptr<function, array<vec4f, MAX_BATCH>>, w: array<vec4f, 8>, o: u32, row_quads: u32, count: u32) {
  if (BATCH == 1u) {
    (*sums)[0] += unit_products(w, o);
  } else {
    for (var b = 0u; b < BATCH; b++) {
      if (b < count) { (*sums)[b] += unit_products(w, o + b * row_quads); }
    }
  }
}

fn unit_products(w: array<vec4f, 8>, o: u32) -> vec4f {
  return w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u]
    + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
}
