override SUMS: u32 = 2u * BATCH; // that lanes share: of the batch with the even row, with the odd one

var<workgroup> partial_sums: array<f32, SUMS * THREADS>; // [sum × thread]

@compute @workgroup_size(THREADS) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let pair = group.x * (THREADS / LANES) + local / LANES;
  let even = 2u * min(pair, pair_count() - 1u); // threads past the end compute the last pair again and store nothing
  let lane = local % LANES;
  let first = group.z * BATCH;
  let count = batch_rows(first, 0u);
  var evens: array<f32, MAX_BATCH>;
  var odds: array<f32, MAX_BATCH>;
  for (var start = 0u; start < params.units; start += CHUNK) {
    take_chunk(start, params.units, first, count, 0u, local);
    add_chunk(&evens, even, params.units, params.plane, start, count, lane);
    add_chunk(&odds, even + 1u, params.units, params.plane, start, count, lane);
  }
  for (var b = 0u; b < BATCH; b++) {
    partial_sums[b * THREADS + local] = evens[b];
    partial_sums[(BATCH + b) * THREADS + local] = odds[b];
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
      scale = norm_scale(x_squares[b], params.units, params.epsilon);
    }
    finish(pair, first + b, vec2f(partial_sums[at], partial_sums[at + BATCH * THREADS]) * scale);
  }
}

override BATCH: u32 = 1u; // at most MAX_BATCH; constant, so that loops over it can be unrolled and their sums kept in registers

override THREADS: u32 = 64u;

override LANES: u32 = 8u; // threads that share a weight row; a power of two

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

const MAX_BATCH = 16u;

@group(0) @binding(0) var<uniform> params: Params;

override CHUNK: u32 = 128u / BATCH; // units of a row of x that lie in workgroup memory at once; whole groups

// Puts the units of `count` rows of x from unit `start` on into workgroup memory.
fn take_chunk(start: u32, units: u32, first: u32, count: u32, of_outputs: u32, local: u32) {
  workgroupBarrier(); // the chunk before is read
  let taken = min(CHUNK, units - start);
  for (var i = local; i < count * taken; i += THREADS) {
    let b = i / taken;
    let u = i % taken;
    var row = first + b;
    if (NORM == 1u) {
      row = source_row(row, of_outputs);
    }
    round_unit(b * CHUNK + u, (row * units + start + u) * 8u, (start + u) * 8u);
  }
  workgroupBarrier();
  if (NORM == 1u && local < count) {
    var squares = select(x_squares[local], 0.0, start == 0u);
    for (var u = 0u; u < taken; u++) {
      squares += x_scales[local * CHUNK + u].w;
    }
    x_squares[local] = squares; // read behind the next barrier
  }
}

// Adds the products of weight row `row` with the chunk: of every LANES-th group of units of the whole row from group `lane` on.
fn add_chunk(sums: ptr<function, array<f32, MAX_BATCH>>, row: u32, units: u32, plane: u32, start: u32, count: u32, lane: u32) {
  let end = min(start + CHUNK, units);
  let skipped = (lane + LANES - (start / GROUP_UNITS) % LANES) % LANES;
  for (var g = start + skipped * GROUP_UNITS; g < end; g += LANES * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    for (var u = g; u < g + GROUP_UNITS; u++) {
      let w = byte_unit(words, row * units + u, plane);
      for (var b = 0u; b < BATCH; b++) {
        if (BATCH == 1u || b < count) {
          (*sums)[b] += byte_products(w, b * CHUNK + u - start);
        }
      }
    }
  }
}

override NORM: u32 = 0u; // 1: rows are normed

// Rounds the unit of x at quad `o`, times the norm's weights from quad `w` on where there is a norm, into place `to`.
fn round_unit(to: u32, o: u32, w: u32) {
  var v: array<vec4f, 8>;
  var largest = vec4u(0u); // bits of sizes: these are in their order, and NaN is the largest
  for (var i = 0u; i < 8u; i++) {
    v[i] = x[o + i];
    if (NORM == 1u) {
      v[i] *= norm[w + i];
    }
    largest = max(largest, bitcast<vec4u>(v[i]) & vec4u(0x7fffffffu));
  }
  let size = bitcast<f32>(max(max(largest.x, largest.y), max(largest.z, largest.w)));
  let inverse = select(127.0 / size, 0.0, size == 0.0);
  let first = vec4u(rounded(v[0], inverse), rounded(v[1], inverse), rounded(v[2], inverse), rounded(v[3], inverse));
  let second = vec4u(rounded(v[4], inverse), rounded(v[5], inverse), rounded(v[6], inverse), rounded(v[7], inverse));
  x_bytes[2u * to] = first;
  x_bytes[2u * to + 1u] = second;
  let scale = size / 127.0;
  let ones = vec4u(0x01010101u);
  var squares = 0.0;
  if (NORM == 1u) {
    squares = unit_squares(o);
  }
  x_scales[to] = vec4f(scale, scale * f32(byte_dot(first, ones)), scale * f32(byte_dot(second, ones)), squares);
}

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

// The step's input, one small buffer written once a step; layout in src/kernels/step-input.ts.
@group(0) @binding(1) var<storage, read> step: array<u32>;

fn rounded(v: vec4f, inverse: f32) -> u32 {
  return pack4xI8(vec4i(round(v * inverse)));
}

var<workgroup> x_bytes: array<vec4u, 2u * BATCH * CHUNK>; // [row × unit × half]

var<workgroup> x_scales: array<vec4f, BATCH * CHUNK>; // [row × unit] the scale; it times the sum of each half's bytes; the sum of squares

fn byte_dot(a: vec4u, b: vec4u) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

@group(0) @binding(3) var<storage, read> x: array<vec4f>;

@group(0) @binding(5) var<storage, read> norm: array<vec4f>; // [columns] f32; where NORM is 0 not read

fn unit_squares(o: u32) -> f32 {
  return dot(x[o], x[o]) + dot(x[o + 1u], x[o + 1u]) + dot(x[o + 2u], x[o + 2u]) + dot(x[o + 3u], x[o + 3u]) + dot(x[o + 4u], x[o + 4u]) + dot(x[o + 5u], x[o + 5u]) + dot(x[o + 6u], x[o + 6u]) + dot(x[o + 7u], x[o + 7u]);
}

var<workgroup> x_squares: array<f32, BATCH>; // sums of the squares of rows of x, up to the chunk

fn byte_products(w: ByteUnit, at: u32) -> f32 {
  let s = x_scales[at];
  let products = vec2f(f32(byte_dot(w.first, x_bytes[2u * at])), f32(byte_dot(w.second, x_bytes[2u * at + 1u])));
  return s.x * dot(w.scales, products) - dot(w.minimums, s.yz);
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
