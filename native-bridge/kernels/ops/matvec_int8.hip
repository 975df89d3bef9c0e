// Matrix × vector of bytes, LANES threads a weight row: y[r, n] = Σ_k W[n, k] · x[r, k], x normed where NORM is 1 and then rounded to
// bytes (`matvec_int8`) or halves (`matvec_f16`) of which 32 share a scale, then the epilogue. Needs packed_4x8_integer_dot_product
// of the browser; halves need shader-f16.
// W [rows × 32·units] quantised · x [batch × 32·units] f32 · norm [32·units] f32 · y [batch × y_stride] f32
// grid: (⌈rows / (THREADS / LANES)⌉, 1, ⌈batch / BATCH⌉)
#pragma once
#include "../lib/int8.h"
#include "../lib/linear.h"

#ifdef BYTE_UNITS
namespace matvec_int8 {

constexpr u32 THREADS = 64u;

struct Constants : MatvecConstants {
  u32 LANES; // threads that share a weight row; a power of two
};

#define ARGUMENTS \
  MatvecParams params, IN(u32) step, IN(u32) weights, IN(vec4f) x, OUT(f32) y, IN(vec4f) norm, Constants constants
#define PASSED params, step, weights, x, y, norm, constants

template <u32 CAPACITY>
FN void run(ARGUMENTS) {
  WORKGROUP(vec4u, x_bytes, 2u * CHUNK_UNITS);
  WORKGROUP(vec4f, x_scales, CHUNK_UNITS);
  WORKGROUP(f32, x_squares, CAPACITY);
  WORKGROUP(f32, partial_sums, 2u * CAPACITY * THREADS); // [sum × thread], of the batch, of its rows further on
  const bool glu = constants.EPILOGUE == GLU;
  const u32 ups_at = CAPACITY * THREADS;
  const u32 lanes = constants.LANES;
  const vec3u group = workgroup_id();
  const u32 local = local_invocation_index();
  const u32 row = group.x * (THREADS / lanes) + local / lanes;
  const u32 read_row = min(row, params.rows - 1u); // threads past the end compute the last row again and store nothing
  const u32 lane = local % lanes;
  const u32 first = group.z * constants.BATCH;
  const u32 count = batch_rows(step, constants.BATCH, first, params.of_outputs);
  const Bytes bytes = {
    x_bytes, x_scales, x_squares, CHUNK_UNITS / constants.BATCH, lanes, first, count, params.of_outputs, constants.NORM,
  };
  array<f32, CAPACITY> sums = {};
  array<f32, CAPACITY> ups = {};
  for (u32 start = 0u; start < params.units; start += bytes.chunk) {
    take_chunk(bytes, step, x, norm, start, params.units, local);
    add_chunk(sums, bytes, weights, read_row, params.units, params.plane, start, lane);
    if (glu) add_chunk(ups, bytes, weights, read_row + params.rows, params.units, params.plane, start, lane);
  }
#pragma unroll
  for (u32 b = 0u; b < CAPACITY; b++) {
    partial_sums[b * THREADS + local] = sums[b];
    partial_sums[ups_at + b * THREADS + local] = ups[b];
  }
  workgroupBarrier();
  for (u32 half = lanes / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (u32 i = local; i < 2u * CAPACITY * THREADS; i += THREADS) partial_sums[i] += partial_sums[i + half];
    }
    workgroupBarrier();
  }
  if (row >= params.rows) return;
  // The lanes share the batch's rows.
  for (u32 b = lane; b < count; b += lanes) {
    const u32 at = b * THREADS + local - lane;
    f32 scale = 1.0f;
    if (constants.NORM == 1u) scale = norm_scale(x_squares[b], params.units, params.epsilon);
    finish(
      params, constants, y, partial_sums[at] * scale, partial_sums[ups_at + at] * scale,
      (first + b) * params.y_stride + params.y_offset + row
    );
  }
}

KERNEL(matvec_int8__1, run<1>)
KERNEL(matvec_int8__4, run<4>)
KERNEL(matvec_int8__16, run<16>)

#undef ARGUMENTS
#undef PASSED
} // namespace matvec_int8
#endif
