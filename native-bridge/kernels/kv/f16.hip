// KV cache of halves, two neighbouring elements a word. Beyond the half range values are clamped.
#pragma once

struct KvF16 {
  /** What the cache is an array of. */
  typedef u32 Element;

  static FN_MEMBER void store2(u32 *kv, u32 element, vec2f v) {
    kv[element / 2u] = pack2x16float(select(clamp(v, vec2f(-65504.0f), vec2f(65504.0f)), v, v != v)); // NaN stays that
  }

  // `words`: of the whole cache, which types with a plane of scales ask for. `staged`: 512 floats of workgroup memory, of types that share scales.
  static FN_MEMBER void store4(u32 *kv, u32 words, f32 *staged, bool kept, u32 local, u32 quads, u32 head, u32 a, u32 b, vec4f v) {
    if (!kept) return;
    store2(kv, head + a, v.xy);
    store2(kv, head + b, v.zw);
  }

  static FN_MEMBER vec4f load4(const u32 *kv, u32 words, u32 element) {
    return vec4f(unpack2x16float(kv[element / 2u]), unpack2x16float(kv[element / 2u + 1u]));
  }
};
