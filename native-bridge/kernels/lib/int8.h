// Dot products of bytes: `precision: 'fast'`. A workgroup rounds the rows of x to bytes, of which 32 share a scale, and all
// its threads read those. A sum of products of bytes is exact, and those of units are added in the units' order, so that a
// row's bits depend neither on the batch nor on the chunk.
#pragma once
#include "norm.h"

#ifdef BYTE_UNITS

/** Units of x that lie in workgroup memory at once, of all rows of the batch together; of each row whole groups. */
constexpr u32 CHUNK_UNITS = 128u;

/** What a workgroup of 64 threads knows of its batch, and where its memory is. */
struct Bytes {
  vec4u *x_bytes; // [row × unit × half]: 2 · CHUNK_UNITS
  vec4f *x_scales; // [row × unit] the scale; it times the sum of each half's bytes; the sum of squares: CHUNK_UNITS
  f32 *x_squares; // [row] sums of the squares of rows of x, up to the chunk
  u32 chunk; // units of a row at once
  u32 lanes; // threads that share a weight row; a power of two
  u32 first; // row of the batch
  u32 count;
  u32 of_outputs;
  u32 normed; // 1: rows of x are normed
};

FN i32 byte_dot(vec4u a, vec4u b) {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

FN u32 rounded(vec4f v, f32 inverse) {
  return pack4xI8(vec4i(round(v * inverse)));
}

// Rounds the unit of x at quad `o`, times the norm's weights from quad `w` on where there is a norm, into place `to`.
FN void round_unit(const Bytes &bytes, const vec4f *x, const vec4f *norm, u32 to, u32 o, u32 w) {
  array<vec4f, 8> v;
  vec4u largest = vec4u(0u); // bits of sizes: these are in their order, and NaN is the largest
#pragma unroll
  for (u32 i = 0u; i < 8u; i++) {
    v[i] = x[o + i];
    if (bytes.normed == 1u) v[i] *= norm[w + i];
    largest = max(largest, bitcast<vec4u>(v[i]) & vec4u(0x7fffffffu));
  }
  const f32 size = bitcast<f32>(max(max(largest.x, largest.y), max(largest.z, largest.w)));
  const f32 inverse = size == 0.0f ? 0.0f : 127.0f / size;
  const vec4u first = vec4u(rounded(v[0], inverse), rounded(v[1], inverse), rounded(v[2], inverse), rounded(v[3], inverse));
  const vec4u second = vec4u(rounded(v[4], inverse), rounded(v[5], inverse), rounded(v[6], inverse), rounded(v[7], inverse));
  bytes.x_bytes[2u * to] = first;
  bytes.x_bytes[2u * to + 1u] = second;
  const f32 scale = size / 127.0f;
  const vec4u ones = vec4u(0x01010101u);
  const f32 squares = bytes.normed == 1u ? unit_squares(x, o) : 0.0f;
  bytes.x_scales[to] = vec4f(scale, scale * f32(byte_dot(first, ones)), scale * f32(byte_dot(second, ones)), squares);
}

// Puts the units of the batch's rows of x from unit `start` on into workgroup memory. All threads call it together.
FN void take_chunk(const Bytes &bytes, const u32 *step, const vec4f *x, const vec4f *norm, u32 start, u32 units, u32 local) {
  workgroupBarrier(); // the chunk before is read
  const u32 taken = min(bytes.chunk, units - start);
  for (u32 i = local; i < bytes.count * taken; i += 64u) {
    const u32 b = i / taken;
    const u32 u = i % taken;
    u32 row = bytes.first + b;
    if (bytes.normed == 1u) row = source_row(step, row, bytes.of_outputs);
    round_unit(bytes, x, norm, b * bytes.chunk + u, (row * units + start + u) * 8u, (start + u) * 8u);
  }
  workgroupBarrier();
  if (bytes.normed == 1u && local < bytes.count) {
    f32 squares = start == 0u ? 0.0f : bytes.x_squares[local];
    for (u32 u = 0u; u < taken; u++) squares += bytes.x_scales[local * bytes.chunk + u].w;
    bytes.x_squares[local] = squares; // read behind the next barrier
  }
}

FN f32 byte_products(const Bytes &bytes, const ByteUnit &w, u32 at) {
  const vec4f s = bytes.x_scales[at];
  const vec2f products = vec2f(
    f32(byte_dot(w.first, bytes.x_bytes[2u * at])), f32(byte_dot(w.second, bytes.x_bytes[2u * at + 1u]))
  );
  return s.x * dot(w.scales, products) - dot(w.minimums, s.yz);
}

// Adds the products of weight row `row` with the chunk: of every `lanes`-th group of units of the whole row from group `lane` on.
template <u32 CAPACITY>
FN void add_chunk(
  array<f32, CAPACITY> &sums, const Bytes &bytes, const u32 *weights, u32 row, u32 units, u32 plane, u32 start, u32 lane
) {
  const u32 end = min(start + bytes.chunk, units);
  const u32 skipped = (lane + bytes.lanes - (start / GROUP_UNITS) % bytes.lanes) % bytes.lanes;
  for (u32 g = start + skipped * GROUP_UNITS; g < end; g += bytes.lanes * GROUP_UNITS) {
    const Words words = group_words(weights, row * units + g, plane);
    for (u32 u = g; u < g + GROUP_UNITS; u++) {
      const ByteUnit w = byte_unit(weights, words, row * units + u, plane);
      const u32 there = kept_in_loop(bytes.count);
      const u32 chunk = kept_in_loop(bytes.chunk);
#pragma unroll
      for (u32 b = 0u; b < CAPACITY; b++) {
        if (CAPACITY == 1u || b < there) sums[b] += byte_products(bytes, w, b * chunk + u - start);
      }
    }
  }
}

#endif
