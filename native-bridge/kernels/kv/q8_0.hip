// KV cache of signed bytes, 32 neighbouring elements under one scale (Q8_0 of llama.cpp): d = max|x| / 127 is kept as a half, and
// a byte is round(x / d) of the d that is not rounded yet. Key plane and value plane, four elements a word; then a plane of
// scales, a word for the halves of a key's block and its value's, so that no two tokens write one word.
#pragma once

struct KvQ8_0 {
  typedef u32 Element;

  // The scale of 32 staged elements; NaN where one is that: bits of sizes are in their order, and its are the largest.
  static FN_MEMBER f32 block_scale(const f32 *staged, u32 first) {
    u32 largest = 0u;
    for (u32 i = 0u; i < 32u; i++) largest = max(largest, bitcast<u32>(staged[first + i]) & 0x7fffffffu);
    return bitcast<f32>(largest) / 127.0f;
  }

  // Blocks of a plane: each has 8 words of keys, 8 of values, and one of scales.
  static FN_MEMBER u32 plane_blocks(u32 words) { return words / 17u; }

  // `staged`: the workgroup's elements in their order, whole keys, each with its value behind it.
  static FN_MEMBER void store4(u32 *kv, u32 words, f32 *staged, bool kept, u32 local, u32 quads, u32 head, u32 a, u32 b, vec4f v) {
    const f32 largest = 65504.0f * 127.0f; // of the half range, times 127: beyond it elements are clamped
    const f32 least_scale = 0x1p-25f; // halves round it to 0, and nothing is divided by it
    const u32 quad = local % quads;
    const u32 first = (local - quad) * 4u;
    const vec4f elements = select(clamp(v, vec4f(-largest), vec4f(largest)), v, v != v);
    staged[first + a] = elements.x;
    staged[first + a + 1u] = elements.y;
    staged[first + b] = elements.z;
    staged[first + b + 1u] = elements.w;
    workgroupBarrier();
    if (!kept) return;

    // A thread stored what it rotated, and writes the word at its own place.
    const u32 own = local * 4u;
    const f32 scale = block_scale(staged, own / 32u * 32u);
    vec4f mine = vec4f();
    if (scale > least_scale) mine = round(vec4f(staged[own], staged[own + 1u], staged[own + 2u], staged[own + 3u]) / scale);
    kv[head / 4u + quad] = pack4xI8(vec4i(mine));
    const bool is_key = local / quads % 2u == 0u;
    if (is_key && quad % 8u == 0u) {
      const u32 block = (head + quad * 4u) / 32u;
      kv[16u * plane_blocks(words) + block] = pack2x16float(vec2f(scale, block_scale(staged, own + quads * 4u)));
    }
  }

  static FN_MEMBER vec4f load4(const u32 *kv, u32 words, u32 element) {
    const u32 blocks = plane_blocks(words);
    const u32 block = element / 32u;
    const bool is_value = block >= blocks;
    const vec2f scales = unpack2x16float(kv[16u * blocks + (is_value ? block - blocks : block)]);
    return vec4f(unpack4xI8(kv[element / 4u])) * (is_value ? scales.y : scales.x);
  }
};
