// Attention over the paged KV cache: causal, whole or through a sliding window, or of all rows of the step to each other; one workgroup a (row, KV head), shared by the query heads of that KV head.
// Positions are taken in tiles of THREADS with a running softmax: no score matrix is stored, and the order of a row's sums
// depends on its position alone, never on the batch or the chunk.
// q [rows × KV_HEADS·GROUP·HEAD_SIZE] f32 · kv: one layer's cache · y as q · sinks [KV_HEADS·GROUP] f32: scores beside those
// of the positions, with no value (Xiao et al. 2023; learned in gpt-oss)
// grid: (KV_HEADS, rows)
import kv::load4;
import package::lib::kv::{ kv_address, KV_HEADS, HEAD_SIZE, BLOCK_TOKENS };
import package::lib::nan::is_nan;
import package::lib::step::{ row_count, row_position, row_block };

override GROUP: u32 = 1u; // query heads a KV head
override THREADS: u32 = 64u; // of a KV head: each waits for memory of its own, so as many as workgroup memory has place for

const MAX_GROUP = 16u;
const STRIP = 16u; // scores of which a thread takes the largest
const LOWEST = -3.0e38; // finite: exp of a difference with it is 0, never NaN

struct Params {
  scale: f32, // of the scores
  v_plane: u32, // elements from a key to its value
  window: u32, // positions a row can see, its own included; 0: all before it
  soft_cap: f32, // scores are capped to ±this; 0: not
  pool: u32, // which of the row's block tables
  has_sinks: u32, // 0: `sinks` is not read
  mutual: u32, // 1: the step is one whole sequence, and each row sees all of it
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> q: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> sinks: array<f32>;

var<workgroup> query: array<vec4f, GROUP * HEAD_SIZE / 4u>;
var<workgroup> score: array<f32, GROUP * THREADS>; // [head × position of the tile]; then the softmax numerators
var<workgroup> top: array<f32, GROUP>; // the largest score so far
var<workgroup> shrink: array<f32, GROUP>; // what earlier sums are multiplied with
var<workgroup> tile_range: vec2u; // first tile and the row's length: barriers need bounds that are uniform by construction
var<workgroup> part: array<vec4f, THREADS>;
var<workgroup> part_weight: array<f32, THREADS>;

fn capped(score: f32) -> f32 {
  if (params.soft_cap == 0.0 || is_nan(score)) { return score; }
  return params.soft_cap * tanh(clamp(score / params.soft_cap, -15.0, 15.0));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let quads = HEAD_SIZE / 4u;
  let kv_head = group.x;
  let row = group.y;
  let length = select(row_position(row) + 1u, row_count(), params.mutual == 1u);
  let first = select(0u, length - params.window, params.window > 0u && length > params.window);
  let base = (row * KV_HEADS + kv_head) * GROUP * quads;
  for (var i = local; i < GROUP * quads; i += THREADS) { query[i] = q[base + i] * params.scale; }
  if (local < GROUP) {
    top[local] = LOWEST;
    if (params.has_sinks == 1u) { top[local] = sinks[kv_head * GROUP + local]; }
  }
  if (local == 0u) { tile_range = vec2u(first / THREADS * THREADS, length); }

  // For the values a thread owns four dimensions (quad) of every `lanes`-th position.
  let lanes = THREADS / quads;
  let lane = local / quads;
  let quad = local % quads;
  var sums: array<vec4f, MAX_GROUP>;
  var weights: array<f32, MAX_GROUP>;
  // A sink is the first score that the running softmax meets: so far the largest, its weight is e^0.
  if (params.has_sinks == 1u && lane == 0u) {
    for (var h = 0u; h < GROUP; h++) { weights[h] = 1.0; }
  }
  workgroupBarrier();

  let range = workgroupUniformLoad(&tile_range);
  for (var tile = range.x; tile < range.y; tile += THREADS) {
    let position = tile + local;
    if (position >= first && position < length) {
      var dots = array<f32, MAX_GROUP>(); // written out: SwiftShader does not zero it again in each turn
      let key = kv_address(row_block(row, params.pool, position, BLOCK_TOKENS), kv_head, position);
      for (var i = 0u; i < quads; i++) {
        let k = load4(key + i * 4u);
        for (var h = 0u; h < GROUP; h++) { dots[h] += dot(query[h * quads + i], k); }
      }
      for (var h = 0u; h < GROUP; h++) { score[h * THREADS + local] = capped(dots[h]); }
    } else {
      for (var h = 0u; h < GROUP; h++) { score[h * THREADS + local] = LOWEST; }
    }
    workgroupBarrier();

    // Strips of a head follow each other, and heads: with GROUP ≤ STRIP there are threads for all.
    if (local < GROUP * THREADS / STRIP) {
      var best = score[local * STRIP];
      for (var i = 1u; i < STRIP; i++) { best = max(best, score[local * STRIP + i]); }
      part_weight[local] = best;
    }
    workgroupBarrier();
    if (local < GROUP) {
      var best = top[local];
      for (var i = 0u; i < THREADS / STRIP; i++) { best = max(best, part_weight[local * THREADS / STRIP + i]); }
      shrink[local] = exp(top[local] - best);
      top[local] = best;
    }
    workgroupBarrier();
    for (var h = 0u; h < GROUP; h++) {
      let s = score[h * THREADS + local];
      score[h * THREADS + local] = select(0.0, exp(s - top[h]), position >= first && position < length);
    }
    workgroupBarrier();

    if (lane < lanes) {
      for (var h = 0u; h < GROUP; h++) {
        sums[h] *= shrink[h];
        weights[h] *= shrink[h];
      }
      for (var i = lane; i < min(THREADS, length - tile); i += lanes) {
        let at = tile + i;
        if (at < first) { continue; } // their blocks may be others' by now
        let v = load4(kv_address(row_block(row, params.pool, at, BLOCK_TOKENS), kv_head, at) + params.v_plane + quad * 4u);
        for (var h = 0u; h < GROUP; h++) {
          let w = score[h * THREADS + i];
          sums[h] += v * w;
          weights[h] += w;
        }
      }
    }
    workgroupBarrier();
  }

  for (var h = 0u; h < GROUP; h++) {
    part[local] = sums[h];
    part_weight[local] = weights[h];
    workgroupBarrier();
    if (local < quads) {
      var sum = part[local];
      var weight = part_weight[local];
      for (var l = 1u; l < lanes; l++) {
        sum += part[l * quads + local];
        weight += part_weight[l * quads + local];
      }
      y[base + h * quads + local] = sum / weight;
    }
    workgroupBarrier();
  }
}
