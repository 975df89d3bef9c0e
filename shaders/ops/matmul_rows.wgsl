// Matrix × matrix for prompts on software adapters, 8 weight rows × 16 tokens a thread: y[t, n] = Σ_k W[n, k] · x[t, k], then the
// epilogue. A chunk of up to 16 tokens reads the weights once. These adapters want constant indices, no loops over private arrays, no
// branches, of which they run both sides, and no workgroup memory: they compile a store for each word of it that the browser clears.
// W [rows × 32·units] quantised · x [tokens up to a multiple of 16 × 32·units] f32 · y [tokens × y_stride] f32
// grid: (⌈tokens / 16⌉, ⌈rows / 8 / 8⌉, 1)
import quant::dequant32;
import reads::read_lane;
import package::lib::epilogue::{ EPILOGUE, ADD };
import package::lib::reads::x_column;
import package::lib::step::row_count;

struct Params {
  rows: u32,
  units: u32, // columns / 32
  plane: u32,
  y_stride: u32,
  y_offset: u32,
  scale: f32, // of what is stored or added
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const R = 8u; // weight rows a thread
const T = 16u; // tokens a thread
const THREADS = 8u; // few, so that a matrix of few rows is work for many processors

fn weights_of(row: u32, unit: u32) -> array<vec4f, 8> {
  return dequant32(min(row, params.rows - 1u) * params.units + unit, params.plane);
}

// Adds four columns of the product: to the sums of four tokens and rows (a vector a token) the dot products of the tokens' quads of x
// with the rows' quads. What lies past the last token is read and never stored.
fn add_quad(
  low: ptr<function, array<mat4x4f, 4>>, high: ptr<function, array<mat4x4f, 4>>, a: mat4x4f, b: mat4x4f, o: u32, lane: u32,
) {
  let stride = params.units * 8u;
  let first = x_column(o, stride, lane);
  (*low)[0] += products(first, a);
  (*high)[0] += products(first, b);
  let second = x_column(o + 4u * stride, stride, lane);
  (*low)[1] += products(second, a);
  (*high)[1] += products(second, b);
  let third = x_column(o + 8u * stride, stride, lane);
  (*low)[2] += products(third, a);
  (*high)[2] += products(third, b);
  let fourth = x_column(o + 12u * stride, stride, lane);
  (*low)[3] += products(fourth, a);
  (*high)[3] += products(fourth, b);
}

fn products(x: mat4x4f, w: mat4x4f) -> mat4x4f {
  return mat4x4f(x[0] * w, x[1] * w, x[2] * w, x[3] * w);
}

fn store(token: u32, row: u32, sums: vec4f) {
  for (var r = 0u; r < 4u; r++) {
    if (row + r >= params.rows) { return; }
    let to = token * params.y_stride + params.y_offset + row + r;
    let v = sums[r] * params.scale;
    if (EPILOGUE == ADD) { y[to] += v; } else { y[to] = v; }
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.y * THREADS + local) * R;
  let token = group.x * T;
  let lane = read_lane();

  var low: array<mat4x4f, 4>; // sums of the first four rows
  var high: array<mat4x4f, 4>;
  for (var u = 0u; u < params.units; u++) {
    let a = weights_of(row, u);
    let b = weights_of(row + 1u, u);
    let c = weights_of(row + 2u, u);
    let d = weights_of(row + 3u, u);
    let e = weights_of(row + 4u, u);
    let f = weights_of(row + 5u, u);
    let g = weights_of(row + 6u, u);
    let h = weights_of(row + 7u, u);
    let o = (token * params.units + u) * 8u;
    add_quad(&low, &high, mat4x4f(a[0], b[0], c[0], d[0]), mat4x4f(e[0], f[0], g[0], h[0]), o, lane);
    add_quad(&low, &high, mat4x4f(a[1], b[1], c[1], d[1]), mat4x4f(e[1], f[1], g[1], h[1]), o + 1u, lane);
    add_quad(&low, &high, mat4x4f(a[2], b[2], c[2], d[2]), mat4x4f(e[2], f[2], g[2], h[2]), o + 2u, lane);
    add_quad(&low, &high, mat4x4f(a[3], b[3], c[3], d[3]), mat4x4f(e[3], f[3], g[3], h[3]), o + 3u, lane);
    add_quad(&low, &high, mat4x4f(a[4], b[4], c[4], d[4]), mat4x4f(e[4], f[4], g[4], h[4]), o + 4u, lane);
    add_quad(&low, &high, mat4x4f(a[5], b[5], c[5], d[5]), mat4x4f(e[5], f[5], g[5], h[5]), o + 5u, lane);
    add_quad(&low, &high, mat4x4f(a[6], b[6], c[6], d[6]), mat4x4f(e[6], f[6], g[6], h[6]), o + 6u, lane);
    add_quad(&low, &high, mat4x4f(a[7], b[7], c[7], d[7]), mat4x4f(e[7], f[7], g[7], h[7]), o + 7u, lane);
  }
  for (var t = 0u; t < min(T, row_count() - token); t++) {
    store(token + t, row, low[t / 4u][t % 4u]);
    store(token + t, row + 4u, high[t / 4u][t % 4u]);
  }
}
