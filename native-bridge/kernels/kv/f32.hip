// KV cache of f32, for comparisons with exact references.
#pragma once

struct KvF32 {
  typedef f32 Element;

  static FN_MEMBER void store2(f32 *kv, u32 element, vec2f v) {
    kv[element] = v.x;
    kv[element + 1u] = v.y;
  }

  static FN_MEMBER void store4(f32 *kv, u32 words, f32 *staged, bool kept, u32 local, u32 quads, u32 head, u32 a, u32 b, vec4f v) {
    if (!kept) return;
    store2(kv, head + a, v.xy);
    store2(kv, head + b, v.zw);
  }

  static FN_MEMBER vec4f load4(const f32 *kv, u32 words, u32 element) {
    return vec4f(kv[element], kv[element + 1u], kv[element + 2u], kv[element + 3u]);
  }
};
