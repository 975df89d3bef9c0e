// Matrix × matrix for prompts: y[t, n] = Σ_k W[n, k] · x[t, k], then the epilogue. A workgroup computes a tile of TOKENS tokens × ROWS
// weight rows, 8 × 8 sums a thread. It dequantises its weights once, unit by unit into workgroup memory, and x is read where it lies: the
// threads of a token are neighbours, which fetch it together. The order of a sum is the same in every tile.
// W [rows × 32·units] quantised · x [tokens × 32·units] f32 · y [tokens × y_stride] f32
// grid: (⌈tokens / TOKENS⌉, ⌈rows / ROWS⌉, 1)
#pragma once
#include "../lib/epilogue.h"
#include "../lib/format.h"
#include "../lib/step.h"

namespace matmul {

constexpr u32 PER = 8u; // tokens, one after the other, and rows, COLUMNS apart, a thread

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

template <u32 TOKENS, u32 ROWS>
FN void run(ARGUMENTS) {
  constexpr u32 COLUMNS = ROWS / PER; // threads of a token
  constexpr u32 THREADS = TOKENS / PER * COLUMNS;
  WORKGROUP(vec4f, tile, 8u * ROWS); // [8 quads × ROWS] a unit of each weight row
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 tokens = row_count(step);
  const u32 column = local % COLUMNS;
  const u32 first_row = group.y * ROWS;
  const u32 token = group.x * TOKENS + local / COLUMNS * PER;
  const u32 stride = params.units * 8u;
  const bool is_there = token < tokens;
  array<array<f32, PER>, PER> sums = {}; // [token][row]
  for (u32 u = 0u; u < params.units; u++) {
    for (u32 r = local; r < ROWS; r += THREADS) {
      const array<vec4f, 8> w = dequant32(weights, min(first_row + r, params.rows - 1u) * params.units + u, params.plane);
#pragma unroll
      for (u32 i = 0u; i < 8u; i++) tile[i * ROWS + r] = w[i];
    }
    workgroupBarrier();
    if (is_there) {
      for (u32 i = 0u; i < 8u; i++) {
        array<vec4f, PER> row;
#pragma unroll
        for (u32 r = 0u; r < PER; r++) row[r] = tile[i * ROWS + r * COLUMNS + column];
#pragma unroll
        for (u32 t = 0u; t < PER; t++) {
          const vec4f v = x[min(token + t, tokens - 1u) * stride + u * 8u + i]; // what lies past the last token is never stored
#pragma unroll
          for (u32 r = 0u; r < PER; r++) sums[t][r] += dot(row[r], v);
        }
      }
    }
    workgroupBarrier();
  }
#pragma unroll
  for (u32 t = 0u; t < PER; t++) {
#pragma unroll
    for (u32 r = 0u; r < PER; r++) {
      const u32 n = first_row + r * COLUMNS + column;
      if (token + t < tokens && n < params.rows) {
        const u32 to = (token + t) * params.y_stride + params.y_offset + n;
        const f32 v = sums[t][r] * params.scale;
        y[to] = constants.EPILOGUE == ADD ? y[to] + v : v;
      }
    }
  }
}

KERNEL_OF(64u, matmul__64, run<64u, 64u>)
KERNEL_OF(256u, matmul__256, run<256u, 64u>)
KERNEL_OF(256u, matmul__512, run<512u, 32u>)

#undef ARGUMENTS
#undef PASSED
} // namespace matmul
