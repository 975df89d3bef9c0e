// Attention over the paged KV cache: causal, whole or through a sliding window, or of all rows of the step to each other; one workgroup a (row, KV head), shared by the query heads of that KV head.
// Positions are taken in ranges of RANGE, and a range in tiles of TILE with a running softmax: no score matrix is stored.
// Ranges join in their order, so that the order of a row's sums depends on its position alone, never on the batch, the chunk or the grid.
// With more than one workgroup a (row, KV head) each takes one range and leaves its sums behind the rows of y, for
// `attention_merge` (Dao et al. 2023, "Flash-Decoding for long-context inference"): few rows alone are no work for a large GPU.
// q [rows × KV_HEADS·GROUP·HEAD_SIZE] f32 · kv: one layer's cache · y as q · sinks [KV_HEADS·GROUP] f32: scores beside those
// of the positions, with no value (Xiao et al. 2023; learned in gpt-oss)
// grid: (KV_HEADS, rows, 1, or the most ranges that a row of the step sees)
import kv::{ SCALED, load4, scales_of };
import reads::{ SHARED, from_quad, read_lane, reads_together };
import package::lib::attention::{ Part, LOWEST, nothing, joined, part_address, seen_from };
import package::lib::kv::{ kv_address, KV_HEADS, HEAD_SIZE, BLOCK_TOKENS };
import package::lib::nan::is_nan;
import package::lib::step::{ block_table, row_count, row_position, step };

override GROUP: u32 = 1u; // query heads a KV head
override RANGE: u32 = 256u; // positions whose sums join those before them, best a multiple of TILE
override THREADS: u32 = 64u; // of a KV head: at least as many as a head has quads
override TILE: u32 = THREADS; // positions of a tile, a multiple of THREADS and of STRIP, up to 4·THREADS

const MAX_GROUP = 16u;
const STRIP = 16u; // scores of which a thread takes the largest
override STRIPS: u32 = GROUP * TILE / STRIP;
override SCALES: u32 = select(0u, HEAD_SIZE / 32u, SCALED); // a key, and its value

struct Params {
  scale: f32, // of the scores
  v_plane: u32, // elements from a key to its value
  window: u32, // positions a row can see, its own included; 0: all before it
  soft_cap: f32, // scores are capped to ±this; 0: not
  pool: u32, // which of the row's block tables
  has_sinks: u32, // 0: `sinks` is not read
  mutual: u32, // 1: the step is one whole sequence, and each row sees all of it
  parts: u32, // quads of y before the first one of ranges
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> q: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> sinks: array<f32>;

var<workgroup> query: array<vec4f, GROUP * HEAD_SIZE / 4u>;
var<workgroup> score: array<f32, GROUP * TILE>; // [head × position of the tile]; then the softmax numerators
var<workgroup> top: array<f32, GROUP>; // the largest score of the range so far
var<workgroup> joined_top: array<f32, 2u * GROUP>; // [odd range × head] of the ranges before, whose sums are in y
var<workgroup> joined_weight: array<f32, 2u * GROUP>;
var<workgroup> shrink: array<f32, GROUP>; // what earlier sums are multiplied with
var<workgroup> seen: vec4u; // first position, the one behind the last, first range, the one behind the last: barriers need bounds that are uniform by construction
var<workgroup> scratch: array<u32, max(4u * THREADS, (1u + SCALES) * TILE)>; // [position of the tile] the first element of its key, [32 elements × position] scales of it and its value; later [thread] the bits of its four sums
var<workgroup> part_weight: array<f32, max(THREADS, STRIPS)>;

// Quad `o` of the queries and the three behind it.
fn query_quads(o: u32, lane: u32) -> mat4x4f {
  if (SHARED) { return from_quad(query[o + lane]); }
  return mat4x4f(query[o], query[o + 1u], query[o + 2u], query[o + 3u]);
}

// The scale of quads `i` to `i` + 7 of the key at `place`; that of its value's is kept.
fn key_scale(key: u32, i: u32, place: u32) -> f32 {
  let scales = scales_of(key + i * 4u);
  scratch[(1u + i / 8u) * TILE + place] = scales;
  return unpack2x16float(scales).x;
}

// Quad `quad` of the value at `place`.
fn value_quad(place: u32, quad: u32) -> vec4f {
  var scale = 1.0;
  if (SCALED) { scale = unpack2x16float(scratch[(1u + quad / 8u) * TILE + place]).y; }
  return load4(scratch[place] + params.v_plane + quad * 4u, scale);
}

fn keep_sums(thread: u32, sums: vec4f) {
  let bits = bitcast<vec4u>(sums);
  for (var i = 0u; i < 4u; i++) { scratch[4u * thread + i] = bits[i]; }
}

fn kept_sums(thread: u32) -> vec4f {
  let o = 4u * thread;
  return bitcast<vec4f>(vec4u(scratch[o], scratch[o + 1u], scratch[o + 2u], scratch[o + 3u]));
}

fn capped(score: f32) -> f32 {
  if (params.soft_cap == 0.0 || is_nan(score)) { return score; }
  return params.soft_cap * tanh(clamp(score / params.soft_cap, -15.0, 15.0));
}

// The scores of a position with the heads' queries, into place `place` of the tile. `all_seen`: of all threads that call it together.
fn score_position(position: u32, place: u32, is_seen: bool, all_seen: bool, table: u32, kv_head: u32, reader: u32) {
  let quads = HEAD_SIZE / 4u;
  var dots = array<f32, MAX_GROUP>(); // written out: SwiftShader does not zero it again in each turn
  let key = kv_address(step[table + position / BLOCK_TOKENS], kv_head, position);
  scratch[place] = key;
  var scale = 1.0;
  if (HEAD_SIZE % 16u == 0u && reads_together(is_seen, all_seen)) {
    for (var i = 0u; i < quads; i += 4u) {
      if (SCALED && i % 8u == 0u) { scale = key_scale(key, i, place); }
      let o = key + i * 4u;
      let a = load4(o, scale);
      let b = load4(o + 4u, scale);
      let c = load4(o + 8u, scale);
      let d = load4(o + 12u, scale);
      for (var h = 0u; h < GROUP; h++) {
        let of_head = query_quads(h * quads + i, reader);
        var sum = dots[h];
        sum += dot(of_head[0], a);
        sum += dot(of_head[1], b);
        sum += dot(of_head[2], c);
        sum += dot(of_head[3], d);
        dots[h] = sum;
      }
    }
  } else if (is_seen) {
    for (var i = 0u; i < quads; i++) {
      if (SCALED && i % 8u == 0u) { scale = key_scale(key, i, place); }
      let k = load4(key + i * 4u, scale);
      for (var h = 0u; h < GROUP; h++) { dots[h] += dot(query[h * quads + i], k); }
    }
  }
  for (var h = 0u; h < GROUP; h++) { score[h * TILE + place] = select(LOWEST, capped(dots[h]), is_seen); }
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let quads = HEAD_SIZE / 4u;
  let kv_head = group.x;
  let row = group.y;
  let alone = groups.z == 1u;
  let base = (row * KV_HEADS + kv_head) * GROUP * quads;
  for (var i = local; i < GROUP * quads; i += THREADS) { query[i] = q[base + i] * params.scale; }
  if (local == 0u) {
    let length = select(row_position(row) + 1u, row_count(), params.mutual == 1u);
    let first = seen_from(length, params.window);
    let range = first / RANGE + group.z;
    let last = (length - 1u) / RANGE;
    seen = vec4u(first, length, range, select(min(range, last), last, alone) + 1u);
  }

  // A sink is the first score that the running softmax of the first range meets: so far the largest, its weight is e^0.
  let sunk = params.has_sinks == 1u && group.z == 0u;
  if (local < GROUP) {
    top[local] = LOWEST;
    if (sunk) { top[local] = sinks[kv_head * GROUP + local]; }
  }

  // For the values a thread owns four dimensions (quad) of every `lanes`-th position.
  let lanes = THREADS / quads;
  let lane = local / quads;
  let quad = local % quads;
  var sums: array<vec4f, MAX_GROUP>;
  var weights: array<f32, MAX_GROUP>;
  let sink_weight = select(0.0, 1.0, sunk && lane == 0u); // of later ranges, which begin with the lowest, the first score leaves none of it
  let bounds = workgroupUniformLoad(&seen);
  let reader = read_lane();
  let table = block_table(row, params.pool);
  let first = bounds.x;
  let length = bounds.y;

  for (var range = bounds.z; range < bounds.w; range++) {
    for (var h = 0u; h < GROUP; h++) {
      sums[h] = vec4f();
      weights[h] = sink_weight;
    }
    workgroupBarrier();

    let end = min((range + 1u) * RANGE, length);
    for (var tile = max(range * RANGE, first / TILE * TILE); tile < end; tile += TILE) {
      let seen_of_tile = min(TILE, end - tile);
      for (var n = 0u; n < seen_of_tile; n += THREADS) {
        let position = tile + n + local;
        let all_seen = tile + n >= first && tile + n + THREADS <= end;
        score_position(position, n + local, position >= first && position < end, all_seen, table, kv_head, reader);
      }
      for (var n = (seen_of_tile + THREADS - 1u) / THREADS * THREADS; n < TILE; n += THREADS) {
        for (var h = 0u; h < GROUP; h++) { score[h * TILE + n + local] = LOWEST; }
      }
      workgroupBarrier();

      // Strips of a head follow each other, and heads.
      for (var s = local; s < STRIPS; s += THREADS) {
        var best = score[s * STRIP];
        for (var i = 1u; i < STRIP; i++) { best = max(best, score[s * STRIP + i]); }
        part_weight[s] = best;
      }
      workgroupBarrier();
      if (local < GROUP) {
        var best = top[local];
        for (var i = 0u; i < TILE / STRIP; i++) { best = max(best, part_weight[local * TILE / STRIP + i]); }
        shrink[local] = exp(top[local] - best);
        top[local] = best;
      }
      workgroupBarrier();
      for (var n = local; n < TILE; n += THREADS) {
        for (var h = 0u; h < GROUP; h++) { score[h * TILE + n] = exp(score[h * TILE + n] - top[h]); } // 0 of positions not seen
      }
      workgroupBarrier();

      for (var h = 0u; h < GROUP; h++) {
        sums[h] *= shrink[h];
        weights[h] *= shrink[h];
      }
      var together = 0u; // positions whose weights the threads of a quad read for each other
      if (SHARED && HEAD_SIZE % 16u == 0u && THREADS % quads == 0u && tile >= first) {
        together = seen_of_tile / (4u * lanes) * (4u * lanes);
      }
      for (var i = 0u; i < together; i += 4u * lanes) {
        let a = value_quad(i + lane, quad);
        let b = value_quad(i + lane + lanes, quad);
        let c = value_quad(i + lane + 2u * lanes, quad);
        let d = value_quad(i + lane + 3u * lanes, quad);
        let own = i + lane + reader * lanes; // of a quad, whose threads are neighbours and so have one lane
        for (var h = 0u; h < GROUP; h++) {
          let w = from_quad(vec4f(score[h * TILE + own]));
          sums[h] = sums[h] + a * w[0] + b * w[1] + c * w[2] + d * w[3];
          weights[h] = weights[h] + w[0].x + w[1].x + w[2].x + w[3].x;
        }
      }
      if (lane < lanes) {
        for (var i = together + lane; i < seen_of_tile; i += lanes) {
          if (tile + i < first) { continue; }
          let v = value_quad(i, quad);
          for (var h = 0u; h < GROUP; h++) {
            let w = score[h * TILE + i];
            sums[h] += v * w;
            weights[h] += w;
          }
        }
      }
      workgroupBarrier();
    }

    for (var h = 0u; h < GROUP; h++) {
      keep_sums(local, sums[h]);
      part_weight[local] = weights[h];
      workgroupBarrier();
      if (local < quads) {
        var found = Part(kept_sums(local), top[h], part_weight[local]);
        for (var l = 1u; l < lanes; l++) {
          found.sum += kept_sums(l * quads + local);
          found.weight += part_weight[l * quads + local];
        }
        if (alone) {
          let at = base + h * quads + local;
          let odd = range % 2u * GROUP;
          var before = nothing();
          if (range > bounds.z) { before = Part(y[at], joined_top[odd + h], joined_weight[odd + h]); }
          let all = joined(before, found);
          if (local == 0u) {
            joined_top[GROUP - odd + h] = all.top;
            joined_weight[GROUP - odd + h] = all.weight;
          }
          y[at] = select(all.sum, all.sum / all.weight, range + 1u == bounds.w);
        } else {
          let at = params.parts + part_address(row, group.z, kv_head * GROUP + h, KV_HEADS * GROUP, quads);
          y[at + local] = found.sum;
          if (local == 0u) { y[at + quads] = vec4f(found.top, found.weight, 0.0, 0.0); }
        }
      }
      workgroupBarrier();
    }
    if (local < GROUP) { top[local] = LOWEST; }
  }
}
