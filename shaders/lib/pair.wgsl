// Two weight rows a thread: what it reads of x, and of a norm's weights, serves both. Each thread norms x for itself, without a
// barrier: W · (x ⊙ norm / rms(x)) = (W · (x ⊙ norm)) / rms(x), and the squares are of what it reads anyway.
import quant::{ GROUP_UNITS, dequant_unit, group_words };
import package::lib::batch::{ BATCH, MAX_BATCH };
import package::lib::norm::{ NORM, norm_scale, source_row };
import package::lib::reads::{ norm_unit, x_unit };

// What a thread adds up for each row of the batch: the products of weight row `a` and of `b` with it, and its squares.
struct Sums {
  a: array<vec4f, MAX_BATCH>,
  b: array<vec4f, MAX_BATCH>,
  squares: array<f32, MAX_BATCH>,
}

// Of one unit.
struct UnitSums {
  a: vec4f,
  b: vec4f,
  squares: f32,
}

// Adds weight rows `rows.x` and `rows.y`, of `units` units, times `count` rows of x from row `first` on, normed where NORM is 1. All threads
// of the workgroup call it together; `lane` is that of their reads.
fn add_pair(
  sums: ptr<function, Sums>, rows: vec2u, units: u32, plane: u32, first: u32, count: u32, of_outputs: u32, lane: u32,
) {
  let alone = source_of(first, of_outputs);
  for (var g = 0u; g < units; g += GROUP_UNITS) {
    let i = rows * units + vec2u(g);
    let a = group_words(i.x, plane);
    let b = group_words(i.y, plane);
    if (GROUP_UNITS == 1u) { // a loop of one turn costs a software adapter as much as the unit
      add_units(sums, dequant_unit(a, i.x, plane), dequant_unit(b, i.y, plane), g, units, alone, first, count, of_outputs, lane);
    } else {
      for (var u = g; u < g + GROUP_UNITS; u++) {
        let k = rows * units + vec2u(u);
        add_units(sums, dequant_unit(a, k.x, plane), dequant_unit(b, k.y, plane), u, units, alone, first, count, of_outputs, lane);
      }
    }
  }
}

// Adds unit `u` of both weight rows; `alone` is the row of x in a batch of one.
fn add_units(
  sums: ptr<function, Sums>, a: array<vec4f, 8>, b: array<vec4f, 8>,
  u: u32, units: u32, alone: u32, first: u32, count: u32, of_outputs: u32, lane: u32,
) {
  var weights_of_norm: array<vec4f, 8>;
  if (NORM == 1u) { weights_of_norm = norm_unit(u * 8u, lane); }
  if (BATCH == 1u) {
    let unit = unit_sums(a, b, weights_of_norm, (alone * units + u) * 8u, lane);
    (*sums).a[0] += unit.a;
    (*sums).b[0] += unit.b;
    if (NORM == 1u) { (*sums).squares[0] += unit.squares; }
  } else {
    for (var r = 0u; r < BATCH; r++) {
      if (r < count) {
        let unit = unit_sums(a, b, weights_of_norm, (source_of(first + r, of_outputs) * units + u) * 8u, lane);
        (*sums).a[r] += unit.a;
        (*sums).b[r] += unit.b;
        if (NORM == 1u) { (*sums).squares[r] += unit.squares; }
      }
    }
  }
}

// The row of x that row `row` of the batch reads: with a norm an output's is the one that it names.
fn source_of(row: u32, of_outputs: u32) -> u32 {
  if (NORM == 0u) { return row; }
  return source_row(row, of_outputs);
}

// The unit of x begins at quad `o`.
fn unit_sums(a: array<vec4f, 8>, b: array<vec4f, 8>, n: array<vec4f, 8>, o: u32, lane: u32) -> UnitSums {
  let v = x_unit(o, lane);
  if (NORM == 0u) { return UnitSums(products(a, v), products(b, v), 0.0); }
  let w = array<vec4f, 8>(
    v[0] * n[0], v[1] * n[1], v[2] * n[2], v[3] * n[3], v[4] * n[4], v[5] * n[5], v[6] * n[6], v[7] * n[7],
  );
  let squares = dot(v[0], v[0]) + dot(v[1], v[1]) + dot(v[2], v[2]) + dot(v[3], v[3])
    + dot(v[4], v[4]) + dot(v[5], v[5]) + dot(v[6], v[6]) + dot(v[7], v[7]);
  return UnitSums(products(a, w), products(b, w), squares);
}

fn products(w: array<vec4f, 8>, v: array<vec4f, 8>) -> vec4f {
  return w[0] * v[0] + w[1] * v[1] + w[2] * v[2] + w[3] * v[3] + w[4] * v[4] + w[5] * v[5] + w[6] * v[6] + w[7] * v[7];
}

// Both dot products of row `r` of the batch.
fn pair_dots(sums: ptr<function, Sums>, r: u32, units: u32, epsilon: f32) -> vec2f {
  let dots = vec2f(dot((*sums).a[r], vec4f(1.0)), dot((*sums).b[r], vec4f(1.0)));
  if (NORM == 0u) { return dots; }
  return dots * norm_scale((*sums).squares[r], units, epsilon);
}
