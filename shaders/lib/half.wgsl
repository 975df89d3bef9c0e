// Dot products of halves: `precision: 'fast'`. A workgroup rounds the rows of x to halves, scaled by a power of two for each unit of
// 32, and all its threads multiply those with the bytes of weights, which halves hold exactly. What is f16: x, weights, their
// products, and sums of four of these. All further sums, scales and the norm are f32, and those of units are added in the units'
// order, so that a row's bits depend neither on BATCH nor on CHUNK.
//
// Nothing overflows: no byte is larger than 128 and no scaled x than 32, so that four products are at most 16,384. What of x is
// infinite or no number stays so.
import quant::{ ByteUnit, GROUP_UNITS, byte_unit, group_words };
import package::lib::batch::{ BATCH, MAX_BATCH, x };
import package::lib::norm::{ NORM, norm, source_row, unit_squares };

override LANES: u32 = 8u; // threads that share a weight row; a power of two
override THREADS: u32 = 64u;
override CHUNK: u32 = 128u / BATCH; // units of a row of x that lie in workgroup memory at once; whole groups

// Without f16, for tests on adapters that lack it, the same numbers as f32.
@if(F16) alias Halves = vec4<f16>;
@if(!F16) alias Halves = vec4f;

var<workgroup> x_halves: array<Halves, 8u * BATCH * CHUNK>; // [row × unit × quad], of a quad the elements 0 2 1 3
var<workgroup> x_scales: array<vec4f, BATCH * CHUNK>; // [row × unit] the scale; it times the sum of each half of the unit; the sum of squares
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
  var largest = vec4f(0.0);
  for (var i = 0u; i < 8u; i++) {
    v[i] = x[o + i];
    if (NORM == 1u) { v[i] *= norm[w + i]; }
    largest = max(largest, abs(v[i]));
  }
  // The largest has 16 ≤ |v| < 32 then: what is 2^19 times smaller still has all bits of a half. Sizes below 2^-100 are as good as 0.
  let size = max(max(largest.x, largest.y), max(largest.z, largest.w));
  let exponent = clamp(bitcast<u32>(size) >> 23u, 27u, 254u);
  let scale = bitcast<f32>((exponent - 4u) << 23u);
  let inverse = bitcast<f32>((258u - exponent) << 23u);
  var sums = array<vec4f, 2>();
  for (var i = 0u; i < 8u; i++) {
    let halves = rounded(v[i].xzyw * inverse);
    x_halves[8u * to + i] = halves;
    sums[i / 4u] += vec4f(halves);
  }
  var squares = 0.0;
  if (NORM == 1u) { squares = unit_squares(o); }
  x_scales[to] = vec4f(scale, scale * dot(sums[0], vec4f(1.0)), scale * dot(sums[1], vec4f(1.0)), squares);
}

fn rounded(v: vec4f) -> Halves {
  @if(F16) { return Halves(v); }
  @if(!F16) { return quantizeToF16(v); }
}

// The four signed bytes of a word, as 0 2 1 3: 0x6400 | b is the half 1024 + b.
fn byte_halves(word: u32) -> Halves {
  let above = word ^ 0x80808080u;
  let pairs = (vec2u(above, above >> 8u) & vec2u(0x00ff00ffu)) | vec2u(0x64006400u);
  return halves_of(pairs) - Halves(1152.0);
}

fn halves_of(pairs: vec2u) -> Halves {
  @if(F16) { return bitcast<Halves>(pairs); }
  @if(!F16) { return Halves(unpack2x16float(pairs.x), unpack2x16float(pairs.y)); }
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
      let quads = array<Halves, 8>(
        byte_halves(w.first.x), byte_halves(w.first.y), byte_halves(w.first.z), byte_halves(w.first.w),
        byte_halves(w.second.x), byte_halves(w.second.y), byte_halves(w.second.z), byte_halves(w.second.w),
      );
      for (var b = 0u; b < BATCH; b++) {
        if (BATCH == 1u || b < count) { (*sums)[b] += half_products(quads, w, b * CHUNK + u - start); }
      }
    }
  }
}

fn half_products(w: array<Halves, 8>, unit: ByteUnit, at: u32) -> f32 {
  let s = x_scales[at];
  let o = 8u * at;
  let first = w[0] * x_halves[o] + w[1] * x_halves[o + 1u] + w[2] * x_halves[o + 2u] + w[3] * x_halves[o + 3u];
  let second = w[4] * x_halves[o + 4u] + w[5] * x_halves[o + 5u] + w[6] * x_halves[o + 6u] + w[7] * x_halves[o + 7u];
  let products = vec2f(dot(vec4f(first), vec4f(1.0)), dot(vec4f(second), vec4f(1.0)));
  return s.x * dot(unit.scales, products) - dot(unit.minimums, s.yz);
}
