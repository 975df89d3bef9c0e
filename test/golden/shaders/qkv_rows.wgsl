@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let own = group.x * 64u + local;
  let pair = min(own, pair_count() - 1u); // threads behind the last pair read it too, and store nothing
  let first = group.z * BATCH;
  let count = batch_rows(first, 0u);
  var sums: Sums;
  add_pair(&sums, vec2u(2u * pair, 2u * pair + 1u), params.units, params.plane, first, count, 0u, read_lane());
  for (var r = 0u; r < BATCH; r++) {
    if (r < count && own == pair) {
      finish(pair, first + r, pair_dots(&sums, r, params.units, params.epsilon));
    }
  }
}

// Pairs of the matrix's rows.
fn pair_count() -> u32 {
  return (params.heads + 2u * params.kv_heads) * params.head_size / 2u;
}

override BATCH: u32 = 1u; // at most MAX_BATCH; constant, so that loops over it can be unrolled and their sums kept in registers

// Rows from `first` on that are there; 1 where a row is alone.
fn batch_rows(first: u32, of_outputs: u32) -> u32 {
  if (BATCH == 1u) {
    return 1u;
  }
  return min(BATCH, select(row_count(), output_count(), of_outputs == 1u) - first);
}

// Adds weight rows `rows.x` and `rows.y`, of `units` units, times `count` rows of x from row `first` on, normed where NORM is 1. All threads
// of the workgroup call it together; `lane` is that of their reads.
fn add_pair(sums: ptr<function, Sums>, rows: vec2u, units: u32, plane: u32, first: u32, count: u32, of_outputs: u32, lane: u32) {
  let alone = source_of(first, of_outputs);
  for (var g = 0u; g < units; g += GROUP_UNITS) {
    let i = rows * units + vec2u(g);
    let a = group_words(i.x, plane);
    let b = group_words(i.y, plane);
    if (GROUP_UNITS == 1u) {
      // a loop of one turn costs a software adapter as much as the unit
      add_units(sums, dequant_unit(a, i.x, plane), dequant_unit(b, i.y, plane), g, units, alone, first, count, of_outputs, lane);
    } else {
      for (var u = g; u < g + GROUP_UNITS; u++) {
        let k = rows * units + vec2u(u);
        add_units(sums, dequant_unit(a, k.x, plane), dequant_unit(b, k.y, plane), u, units, alone, first, count, of_outputs, lane);
      }
    }
  }
}

@group(0) @binding(0) var<uniform> params: Params;

// What a thread adds up for each row of the batch: the products of weight row `a` and of `b` with it, and its squares.
struct Sums {
  a: array<vec4f, MAX_BATCH>,
  b: array<vec4f, MAX_BATCH>,
  squares: array<f32, MAX_BATCH>,
}


const MAX_BATCH = 16u;

// `v`: what weight rows 2·pair and 2·pair + 1 give for row `row` of the step.
fn finish(pair: u32, row: u32, v: vec2f) {
  let half = params.head_size / 2u;
  let head = pair / half;
  let place = pair % half; // in the head
  let is_value = head >= params.heads + params.kv_heads;
  var turned = v;
  if (!is_value && place < params.pairs) {
    turned = rotate(v, rope_cos_sin(row, params.table, place, params.pairs));
  }
  if (head < params.heads) {
    q[row * params.heads * half + pair] = turned;
  } else {
    let position = row_position(row);
    let block = row_block(row, params.pool, position, BLOCK_TOKENS);
    let key = kv_address_of(params.kv_heads, params.head_size, block, (head - params.heads) % params.kv_heads, position);
    store2(key + select(0u, params.v_plane, is_value) + 2u * place, turned);
  }
}

// Both dot products of row `r` of the batch.
fn pair_dots(sums: ptr<function, Sums>, r: u32, units: u32, epsilon: f32) -> vec2f {
  let dots = vec2f(dot((*sums).a[r], vec4f(1.0)), dot((*sums).b[r], vec4f(1.0)));
  if (NORM == 0u) {
    return dots;
  }
  return dots * norm_scale((*sums).squares[r], units, epsilon);
}

// Rotary position embedding of one pair.
fn rotate(v: vec2f, cos_sin: vec2f) -> vec2f {
  return vec2f(v.x * cos_sin.x - v.y * cos_sin.y, v.x * cos_sin.y + v.y * cos_sin.x);
}

// cos and sin of pair `pair` at the row's position, from table `table`.
fn rope_cos_sin(row: u32, table: u32, pair: u32, pairs: u32) -> vec2f {
  let o = step[2] + ((table * row_count() + row) * pairs + pair) * 2u;
  return bitcast<vec2f>(vec2u(step[o], step[o + 1u]));
}

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

fn row_count() -> u32 {
  return step[0];
}

@group(0) @binding(6) var<storage, read_write> q: array<vec2f>;

fn row_position(row: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 1u];
}

// The KV block of pool `pool` (0: of layers that see all, 1: of layers with a window) that holds `position` of the row's
// sequence.
fn row_block(row: u32, pool: u32, position: u32, block_tokens: u32) -> u32 {
  return step[block_table(row, pool) + position / block_tokens];
}

override BLOCK_TOKENS: u32 = 16u;

fn kv_address_of(kv_heads: u32, head_size: u32, block: u32, head: u32, position: u32) -> u32 {
  return ((block * kv_heads + head) * BLOCK_TOKENS + position % BLOCK_TOKENS) * head_size;
}

const ROWS: u32 = 8u; // word at which the rows begin

const ROW_WORDS: u32 = 5u;

// The word at which the blocks of the row's sequence begin in pool `pool`.
fn block_table(row: u32, pool: u32) -> u32 {
  return step[ROWS + row * ROW_WORDS + 3u + pool];
}

override NORM: u32 = 0u; // 1: rows are normed

// 1 / rms of a row whose squares have the sum `squares`.
fn norm_scale(squares: f32, units: u32, epsilon: f32) -> f32 {
  return inverseSqrt(squares / f32(units * 32u) + epsilon);
}

fn output_count() -> u32 {
  return step[3];
}

// The row of x that row `row` of the batch reads: with a norm an output's is the one that it names.
fn source_of(row: u32, of_outputs: u32) -> u32 {
  if (NORM == 0u) {
    return row;
  }
  return source_row(row, of_outputs);
}

// Adds unit `u` of both weight rows; `alone` is the row of x in a batch of one.
fn add_units(sums: ptr<function, Sums>, a: array<vec4f, 8>, b: array<vec4f, 8>, u: u32, units: u32, alone: u32, first: u32, count: u32, of_outputs: u32, lane: u32) {
  var weights_of_norm: array<vec4f, 8>;
  if (NORM == 1u) {
    weights_of_norm = norm_unit(u * 8u, lane);
  }
  if (BATCH == 1u) {
    let unit = unit_sums(a, b, weights_of_norm, (alone * units + u) * 8u, lane);
    (*sums).a[0] += unit.a;
    (*sums).b[0] += unit.b;
    if (NORM == 1u) {
      (*sums).squares[0] += unit.squares;
    }
  } else {
    for (var r = 0u; r < BATCH; r++) {
      if (r < count) {
        let unit = unit_sums(a, b, weights_of_norm, (source_of(first + r, of_outputs) * units + u) * 8u, lane);
        (*sums).a[r] += unit.a;
        (*sums).b[r] += unit.b;
        if (NORM == 1u) {
          (*sums).squares[r] += unit.squares;
        }
      }
    }
  }
}

// Eight quads of the norm's weights from quad `o` on.
fn norm_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  if (SHARED) {
    return of_both(from_quad(norm[o + lane]), from_quad(norm[o + 4u + lane]));
  }
  return array<vec4f, 8>(norm[o], norm[o + 1u], norm[o + 2u], norm[o + 3u], norm[o + 4u], norm[o + 5u], norm[o + 6u], norm[o + 7u]);
}

fn of_both(a: mat4x4f, b: mat4x4f) -> array<vec4f, 8> {
  return array<vec4f, 8>(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
}

@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where NORM is 0 not read

// The unit of x begins at quad `o`.
fn unit_sums(a: array<vec4f, 8>, b: array<vec4f, 8>, n: array<vec4f, 8>, o: u32, lane: u32) -> UnitSums {
  let v = x_unit(o, lane);
  if (NORM == 0u) {
    return UnitSums(products(a, v), products(b, v), 0.0);
  }
  let w = array<vec4f, 8>(v[0] * n[0], v[1] * n[1], v[2] * n[2], v[3] * n[3], v[4] * n[4], v[5] * n[5], v[6] * n[6], v[7] * n[7]);
  let squares = dot(v[0], v[0]) + dot(v[1], v[1]) + dot(v[2], v[2]) + dot(v[3], v[3]) + dot(v[4], v[4]) + dot(v[5], v[5]) + dot(v[6], v[6]) + dot(v[7], v[7]);
  return UnitSums(products(a, w), products(b, w), squares);
}

// Eight quads of x from quad `o` on.
fn x_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  if (SHARED) {
    return of_both(from_quad(x[o + lane]), from_quad(x[o + 4u + lane]));
  }
  return array<vec4f, 8>(x[o], x[o + 1u], x[o + 2u], x[o + 3u], x[o + 4u], x[o + 5u], x[o + 6u], x[o + 7u]);
}

// Of one unit.
struct UnitSums {
  a: vec4f,
  b: vec4f,
  squares: f32,
}


fn products(w: array<vec4f, 8>, v: array<vec4f, 8>) -> vec4f {
  return w[0] * v[0] + w[1] * v[1] + w[2] * v[2] + w[3] * v[3] + w[4] * v[4] + w[5] * v[5] + w[6] * v[6] + w[7] * v[7];
}

@group(0) @binding(3) var<storage, read> x: array<vec4f>;

fn source_row(row: u32, of_outputs: u32) -> u32 {
  if (of_outputs == 1u) {
    return output_row(row);
  }
  return row;
}

// The row that output `output` reads.
fn output_row(output: u32) -> u32 {
  return step[step[1] + output];
}

struct Params {
  heads: u32, // query heads
  kv_heads: u32, // no constants, so that one pipeline serves all layers, and the self-test before them
  head_size: u32,
  units: u32, // columns / 32
  plane: u32, // word at which the weights' side plane begins
  pairs: u32, // rotated pairs a head; 0: no rotation
  table: u32, // which of the step's cos/sin tables
  v_plane: u32, // elements from a key to its value
  pool: u32, // which of the row's block tables
  epsilon: f32, // of the norm, in shapes that take one
}
