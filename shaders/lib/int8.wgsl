// Dot products of bytes: `precision: 'fast'`. A workgroup rounds the rows of x to bytes, of which 32 share a scale, and all
// its threads read those. A sum of products of bytes is exact, and those of units are added in the units' order, so that a
// row's bits depend neither on BATCH nor on CHUNK.
import quant::{ ByteUnit, GROUP_UNITS, byte_unit, group_words };
import package::lib::batch::{ BATCH, MAX_BATCH, x };
import package::lib::norm::{ NORM, norm, source_row, unit_squares };

override LANES: u32 = 8u; // threads that share a weight row; a power of two
override THREADS: u32 = 64u;
override CHUNK: u32 = 128u / BATCH; // units of a row of x that lie in workgroup memory at once; whole groups

var<workgroup> x_bytes: array<vec4u, 2u * BATCH * CHUNK>; // [row × unit × half]
var<workgroup> x_scales: array<vec4f, BATCH * CHUNK>; // [row × unit] the scale; it times the sum of each half's bytes; the sum of squares
var<workgroup> x_squares: array<f32, BATCH>; // sums of the squares of rows of x, up to the chunk

// Puts the units of `count` rows of x from unit `start` on into workgroup memory.
fn take_chunk(start: u32, units: u32, first: u32, count: u32, of_outputs: u32, local: u32) {
  workgroupBarrier(); // the chunk before is read
  let taken = min(CHUNK, units - start);
  for (var i = local; i < count * taken; i += THREADS) {
    let b = i / taken;
    let u = i % taken;
    var row = first + b;
    if (NORM == 1u) { row = source_row(row, of_outputs); }
    round_unit(b * CHUNK + u, (row * units + start + u) * 8u, (start + u) * 8u);
  }
  workgroupBarrier();
  if (NORM == 1u && local < count) {
    var squares = select(x_squares[local], 0.0, start == 0u);
    for (var u = 0u; u < taken; u++) { squares += x_scales[local * CHUNK + u].w; }
    x_squares[local] = squares; // read behind the next barrier
  }
}

// Rounds the unit of x at quad `o`, times the norm's weights from quad `w` on where there is a norm, into place `to`.
fn round_unit(to: u32, o: u32, w: u32) {
  var v: array<vec4f, 8>;
  var largest = vec4u(0u); // bits of sizes: these are in their order, and NaN is the largest
  for (var i = 0u; i < 8u; i++) {
    v[i] = x[o + i];
    if (NORM == 1u) { v[i] *= norm[w + i]; }
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
  if (NORM == 1u) { squares = unit_squares(o); }
  x_scales[to] = vec4f(scale, scale * f32(byte_dot(first, ones)), scale * f32(byte_dot(second, ones)), squares);
}

fn rounded(v: vec4f, inverse: f32) -> u32 {
  return pack4xI8(vec4i(round(v * inverse)));
}

fn byte_dot(a: vec4u, b: vec4u) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

// Adds the products of weight row `row` with the chunk: of every LANES-th group of units of the whole row from group `lane` on.
fn add_chunk(
  sums: ptr<function, array<f32, MAX_BATCH>>,
  row: u32, units: u32, plane: u32, start: u32, count: u32, lane: u32,
) {
  let end = min(start + CHUNK, units);
  let skipped = (lane + LANES - (start / GROUP_UNITS) % LANES) % LANES;
  for (var g = start + skipped * GROUP_UNITS; g < end; g += LANES * GROUP_UNITS) {
    let words = group_words(row * units + g, plane);
    for (var u = g; u < g + GROUP_UNITS; u++) {
      let w = byte_unit(words, row * units + u, plane);
      for (var b = 0u; b < BATCH; b++) {
        if (BATCH == 1u || b < count) { (*sums)[b] += byte_products(w, b * CHUNK + u - start); }
      }
    }
  }
}

fn byte_products(w: ByteUnit, at: u32) -> f32 {
  let s = x_scales[at];
  let products = vec2f(f32(byte_dot(w.first, x_bytes[2u * at])), f32(byte_dot(w.second, x_bytes[2u * at + 1u])));
  return s.x * dot(w.scales, products) - dot(w.minimums, s.yz);
}
