override LANES: u32 = 8u; // threads that share a pair; a power of two

override THREADS: u32 = 64u;

override SUMS: u32 = BATCH * (2u + NORM); // that lanes share: of the batch with the even row, with the odd one, of the squares of x

var<workgroup> partial_sums: array<f32, SUMS * THREADS>; // [sum × thread]

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let pair = group.x * (THREADS / LANES) + local / LANES;
  let even = 2u * min(pair, pair_count() - 1u); // threads past the end compute the last pair again and store nothing
  let lane = local % LANES;
  let first = group.z * BATCH;
  let count = batch_rows(first, 0u);
  var evens: array<vec4f, MAX_BATCH>;
  var squares: array<f32, MAX_BATCH>;
  add_normed_row(&evens, &squares, true, even, params.units, params.plane, first, count, 0u, lane, LANES);
  for (var b = 0u; b < BATCH; b++) {
    partial_sums[b * THREADS + local] = dot(evens[b], vec4f(1.0));
  }
  var odds: array<vec4f, MAX_BATCH>;
  add_normed_row(&odds, &squares, false, even + 1u, params.units, params.plane, first, count, 0u, lane, LANES);
  for (var b = 0u; b < BATCH; b++) {
    partial_sums[(BATCH + b) * THREADS + local] = dot(odds[b], vec4f(1.0));
  }
  if (NORM == 1u) {
    for (var b = 0u; b < BATCH; b++) {
      partial_sums[(2u * BATCH + b) * THREADS + local] = squares[b];
    }
  }
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (var i = local; i < SUMS * THREADS; i += THREADS) {
        partial_sums[i] += partial_sums[i + half];
      }
    }
    workgroupBarrier();
  }
  if (pair >= pair_count()) {
    return;
  }
  // The lanes share the batch's rows.
  for (var b = lane; b < count; b += LANES) {
    let at = b * THREADS + local - lane;
    var scale = 1.0;
    if (NORM == 1u) {
      scale = norm_scale(partial_sums[at + 2u * BATCH * THREADS], params.units, params.epsilon);
    }
    finish(pair, first + b, vec2f(partial_sums[at], partial_sums[at + BATCH * THREADS]) * scale);
  }
}

override BATCH: u32 = 1u; // at most MAX_BATCH; constant, so that loops over it can be unrolled and their sums kept in registers

override NORM: u32 = 0u; // 1: rows are normed

// Pairs of the matrix's rows.
fn pair_count() -> u32 {
  return (params.heads + 2u * params.kv_heads) * params.head_size / 2u;
}

// Rows from `first` on that are there; 1 where a row is alone.
fn batch_rows(first: u32, of_outputs: u32) -> u32 {
  if (BATCH == 1u) {
    return 1u;
  }
  return min(BATCH, select(row_count(), output_count(), of_outputs == 1u) - first);
}

// `add_row`, which with a norm weighs each weight by it and, where `squared`, adds the squares of x to `squares`. An output's
// row of x is then the one that it names.
fn add_normed_row(sums: ptr<function, array<vec4f, MAX_BATCH>>, squares: ptr<function, array<f32, MAX_BATCH>>, squared: bool, row: u32, units: u32, plane: u32, first: u32, count: u32, of_outputs: u32, lane: u32, lanes: u32) {
  if (NORM == 0u) {
    add_row(sums, row, units, plane, first, count, lane, lanes);
    return;
  }
  for (var g = lane * GROUP_UNITS; g < units; g += lanes * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    for (var u = g; u < g + GROUP_UNITS; u++) {
      var w = dequant_unit(words, row * units + u, plane);
      for (var i = 0u; i < 8u; i++) {
        w[i] *= norm[u * 8u + i];
      }
      for (var b = 0u; b < BATCH; b++) {
        if (BATCH == 1u || b < count) {
          let o = (source_row(first + b, of_outputs) * units + u) * 8u;
          (*sums)[b] += unit_products(w, o);
          if (squared) {
            (*squares)[b] += unit_squares(o);
          }
        }
      }
    }
  }
}

@group(0) @binding(0) var<uniform> params: Params;

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

// 1 / rms of a row whose squares have the sum `squares`.
fn norm_scale(squares: f32, units: u32, epsilon: f32) -> f32 {
  return inverseSqrt(squares / f32(units * 32u) + epsilon);
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

fn output_count() -> u32 {
  return step[3];
}

// Adds the products of weight row `row`, of `units` units, with `count` rows of x from row `first` on: of every `lanes`-th
// group of units from group `lane` on. What a group shares is read once.
fn add_row(sums: ptr<function, array<vec4f, MAX_BATCH>>, row: u32, units: u32, plane: u32, first: u32, count: u32, lane: u32, lanes: u32) {
  let row_quads = units * 8u;
  for (var g = lane * GROUP_UNITS; g < units; g += lanes * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    if (GROUP_UNITS == 1u) {
      // a loop of one turn costs a software adapter as much as the unit
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
      if (b < count) {
        (*sums)[b] += unit_products(w, o + b * row_quads);
      }
    }
  }
}

fn unit_products(w: array<vec4f, 8>, o: u32) -> vec4f {
  return w[0] * x[o] + w[1] * x[o + 1u] + w[2] * x[o + 2u] + w[3] * x[o + 3u] + w[4] * x[o + 4u] + w[5] * x[o + 5u] + w[6] * x[o + 6u] + w[7] * x[o + 7u];
}

@group(0) @binding(3) var<storage, read> x: array<vec4f>;

@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where NORM is 0 not read

fn source_row(row: u32, of_outputs: u32) -> u32 {
  if (of_outputs == 1u) {
    return output_row(row);
  }
  return row;
}

fn unit_squares(o: u32) -> f32 {
  return dot(x[o], x[o]) + dot(x[o + 1u], x[o + 1u]) + dot(x[o + 2u], x[o + 2u]) + dot(x[o + 3u], x[o + 3u]) + dot(x[o + 4u], x[o + 4u]) + dot(x[o + 5u], x[o + 5u]) + dot(x[o + 6u], x[o + 6u]) + dot(x[o + 7u], x[o + 7u]);
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
