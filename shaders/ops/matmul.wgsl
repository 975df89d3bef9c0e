// Matrix × matrix for prompts: y[t, n] = Σ_k W[n, k] · x[t, k], then the epilogue. A workgroup computes a tile of TOKENS tokens × ROWS
// weight rows, 8 × 8 sums a thread. It dequantises its weights once, unit by unit into workgroup memory, and x is read where it lies: the
// threads of a token are neighbours, which fetch it together. Sums have constant indices, so that they stay in registers. Their order is
// the same in every tile.
// W [rows × 32·units] quantised · x [tokens up to a multiple of 8 × 32·units] f32 · y [tokens × y_stride] f32
// grid: (⌈tokens / TOKENS⌉, ⌈rows / ROWS⌉, 1)
import quant::dequant32;
import package::lib::epilogue::{ EPILOGUE, ADD };
import package::lib::step::row_count;

override TOKENS: u32 = 64u;
override ROWS: u32 = 64u;

struct Params {
  rows: u32,
  units: u32, // columns / 32
  plane: u32,
  y_stride: u32,
  y_offset: u32,
  scale: f32, // of what is stored or added
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const PER = 8u; // tokens, one after the other, and rows, COLUMNS apart, a thread
const COLUMNS = ROWS / PER; // threads of a token
const THREADS = TOKENS / PER * COLUMNS;

var<workgroup> tile: array<vec4f, 8u * ROWS>; // [8 quads × ROWS] a unit of each weight row

fn fetch_unit(first_row: u32, unit: u32, local: u32) {
  for (var r = local; r < ROWS; r += THREADS) {
    let w = dequant32(min(first_row + r, params.rows - 1u) * params.units + unit, params.plane);
    tile[r] = w[0];
    tile[ROWS + r] = w[1];
    tile[2u * ROWS + r] = w[2];
    tile[3u * ROWS + r] = w[3];
    tile[4u * ROWS + r] = w[4];
    tile[5u * ROWS + r] = w[5];
    tile[6u * ROWS + r] = w[6];
    tile[7u * ROWS + r] = w[7];
  }
}

// A quad of four of the thread's rows as the columns of a matrix.
fn quad_of(first: u32) -> mat4x4f {
  return mat4x4f(tile[first], tile[first + COLUMNS], tile[first + 2u * COLUMNS], tile[first + 3u * COLUMNS]);
}

// Adds to each token's sums (a component a row) the dot products of its quad of x with those of four rows.
fn add_quad(sums: ptr<function, array<vec4f, PER>>, v: array<vec4f, PER>, w: mat4x4f) {
  (*sums)[0] += v[0] * w;
  (*sums)[1] += v[1] * w;
  (*sums)[2] += v[2] * w;
  (*sums)[3] += v[3] * w;
  (*sums)[4] += v[4] * w;
  (*sums)[5] += v[5] * w;
  (*sums)[6] += v[6] * w;
  (*sums)[7] += v[7] * w;
}

fn store_four(token: u32, first_row: u32, sums: vec4f) {
  for (var r = 0u; r < 4u; r++) {
    let row = first_row + r * COLUMNS;
    if (row >= params.rows) { return; }
    let to = token * params.y_stride + params.y_offset + row;
    let v = sums[r] * params.scale;
    if (EPILOGUE == ADD) { y[to] += v; } else { y[to] = v; }
  }
}

fn store(token: u32, first_row: u32, low: vec4f, high: vec4f) {
  if (token >= row_count()) { return; }
  store_four(token, first_row, low);
  store_four(token, first_row + 4u * COLUMNS, high);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = local % COLUMNS;
  let first_row = group.y * ROWS;
  let token = group.x * TOKENS + local / COLUMNS * PER;
  let is_there = token < row_count();
  let stride = params.units * 8u;

  var low: array<vec4f, PER>; // sums of the first four rows
  var high: array<vec4f, PER>;
  for (var u = 0u; u < params.units; u++) {
    fetch_unit(first_row, u, local);
    workgroupBarrier();
    if (is_there) { // what lies past the last token is read and never stored
      for (var i = 0u; i < 8u; i++) {
        let o = token * stride + u * 8u + i;
        let v = array<vec4f, PER>(
          x[o], x[o + stride], x[o + 2u * stride], x[o + 3u * stride],
          x[o + 4u * stride], x[o + 5u * stride], x[o + 6u * stride], x[o + 7u * stride],
        );
        add_quad(&low, v, quad_of(i * ROWS + column));
        add_quad(&high, v, quad_of(i * ROWS + column + 4u * COLUMNS));
      }
    }
    workgroupBarrier();
  }
  let row = first_row + column;
  store(token, row, low[0], high[0]);
  store(token + 1u, row, low[1], high[1]);
  store(token + 2u, row, low[2], high[2]);
  store(token + 3u, row, low[3], high[3]);
  store(token + 4u, row, low[4], high[4]);
  store(token + 5u, row, low[5], high[5]);
  store(token + 6u, row, low[6], high[6]);
  store(token + 7u, row, low[7], high[7]);
}
