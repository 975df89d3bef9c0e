// Matrix × matrix for prompts, tiles of 64 weight rows × 64 tokens in workgroup memory, 8 × 8 sums a thread:
// y[t, n] = Σ_k W[n, k] · x[t, k], then the epilogue. Weights are read once per 64 tokens. Eight neighbouring threads fetch the 128 bytes
// of a token together; each quad stands in another order of the tokens, so that the eight do not meet in one bank of workgroup memory.
// W [rows × 32·units] quantised · x [tokens × 32·units] f32 · y [tokens × y_stride] f32
// grid: (⌈tokens / 64⌉, ⌈rows / 64⌉, 1)
#pragma once
#include "../lib/epilogue.h"
#include "../lib/format.h"
#include "../lib/step.h"

namespace matmul_tile {

constexpr u32 TILE = 64u; // weight rows, tokens and threads of a workgroup
constexpr u32 PER = 8u; // rows, and tokens, a thread

struct Params {
  u32 rows;
  u32 units; // columns / 32
  u32 plane;
  u32 y_stride;
  u32 y_offset;
  f32 scale; // of what is stored or added
};

struct Constants {
  u32 EPILOGUE;
};

#define ARGUMENTS Params params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(f32) y, Constants constants
#define PASSED params, step, weights, x, y, constants

FN void run(ARGUMENTS) {
  WORKGROUP(vec4f, w_tile, 8u * TILE); // [8 quads × 64 rows]
  WORKGROUP(vec4f, x_tile, 8u * TILE); // [8 quads × 64 tokens], of each eight tokens the one at place p is p ^ quad
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 tokens = row_count(step);
  const u32 load_row = min(group.y * TILE + local, params.rows - 1u);
  const u32 column = local % PER;
  const u32 line = local / PER;
  array<array<f32, PER>, PER> sums = {}; // [token][row]
  for (u32 u = 0u; u < params.units; u++) {
    const array<vec4f, 8> w = dequant32(weights, load_row * params.units + u, params.plane);
#pragma unroll
    for (u32 i = 0u; i < 8u; i++) {
      w_tile[i * TILE + local] = w[i];
      const u32 token = min(group.x * TILE + i * PER + line, tokens - 1u);
      x_tile[column * TILE + i * PER + (line ^ column)] = x[(token * params.units + u) * 8u + column];
    }
    workgroupBarrier();
    for (u32 i = 0u; i < 8u; i++) {
      array<vec4f, PER> row;
#pragma unroll
      for (u32 r = 0u; r < PER; r++) row[r] = w_tile[i * TILE + r * PER + column];
#pragma unroll
      for (u32 t = 0u; t < PER; t++) {
        const vec4f v = x_tile[i * TILE + t * PER + (line ^ i)];
#pragma unroll
        for (u32 r = 0u; r < PER; r++) sums[t][r] += dot(row[r], v);
      }
    }
    workgroupBarrier();
  }
#pragma unroll
  for (u32 t = 0u; t < PER; t++) {
    const u32 token = group.x * TILE + t * PER + line;
#pragma unroll
    for (u32 r = 0u; r < PER; r++) {
      const u32 n = group.y * TILE + r * PER + column;
      if (token < tokens && n < params.rows) {
        const u32 to = token * params.y_stride + params.y_offset + n;
        const f32 v = sums[t][r] * params.scale;
        y[to] = constants.EPILOGUE == ADD ? y[to] + v : v;
      }
    }
  }
}

KERNEL(matmul_tile, run)

#undef ARGUMENTS
#undef PASSED
} // namespace matmul_tile
