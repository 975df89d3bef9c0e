// WGSL's built-in functions.
#pragma once

// `either` where the condition is false, else `other`; element by element where it is a vector's comparison.
template <class T>
FN T select(T either, T other, bool condition) {
  return condition ? other : either;
}
FN vec2f select(vec2f either, vec2f other, vec2i condition) { return condition ? other : either; }
FN vec3f select(vec3f either, vec3f other, vec3i condition) { return condition ? other : either; }
FN vec4f select(vec4f either, vec4f other, vec4i condition) { return condition ? other : either; }
FN vec2u select(vec2u either, vec2u other, vec2i condition) { return condition ? other : either; }
FN vec3u select(vec3u either, vec3u other, vec3i condition) { return condition ? other : either; }
FN vec4u select(vec4u either, vec4u other, vec4i condition) { return condition ? other : either; }
FN vec4i select(vec4i either, vec4i other, vec4i condition) { return condition ? other : either; }

FN f32 min(f32 a, f32 b) { return __builtin_elementwise_min(a, b); }
FN u32 min(u32 a, u32 b) { return a < b ? a : b; }
FN i32 min(i32 a, i32 b) { return a < b ? a : b; }
FN vec2f min(vec2f a, vec2f b) { return __builtin_elementwise_min(a, b); }
FN vec4f min(vec4f a, vec4f b) { return __builtin_elementwise_min(a, b); }
FN vec4u min(vec4u a, vec4u b) { return __builtin_elementwise_min(a, b); }
FN vec4i min(vec4i a, vec4i b) { return __builtin_elementwise_min(a, b); }
FN f32 max(f32 a, f32 b) { return __builtin_elementwise_max(a, b); }
FN u32 max(u32 a, u32 b) { return a > b ? a : b; }
FN i32 max(i32 a, i32 b) { return a > b ? a : b; }
FN vec2f max(vec2f a, vec2f b) { return __builtin_elementwise_max(a, b); }
FN vec4f max(vec4f a, vec4f b) { return __builtin_elementwise_max(a, b); }
FN vec4u max(vec4u a, vec4u b) { return __builtin_elementwise_max(a, b); }
FN vec4i max(vec4i a, vec4i b) { return __builtin_elementwise_max(a, b); }

/** `clamp`, `min` and `max` of one give the other number. */
FN bool is_nan(f32 v) { return v != v; }

template <class T>
FN T clamp(T value, T low, T high) {
  return min(max(value, low), high);
}

FN f32 abs(f32 v) { return __builtin_elementwise_abs(v); }
FN vec2f abs(vec2f v) { return __builtin_elementwise_abs(v); }
FN vec4f abs(vec4f v) { return __builtin_elementwise_abs(v); }

FN f32 floor(f32 v) { return __builtin_elementwise_floor(v); }
FN vec4f floor(vec4f v) { return __builtin_elementwise_floor(v); }
/** To the nearest whole number, of two the even one. */
FN f32 round(f32 v) { return __builtin_elementwise_roundeven(v); }
FN vec4f round(vec4f v) { return __builtin_elementwise_roundeven(v); }

FN f32 fma(f32 a, f32 b, f32 c) { return __builtin_elementwise_fma(a, b, c); }
FN vec2f fma(vec2f a, vec2f b, vec2f c) { return __builtin_elementwise_fma(a, b, c); }
FN vec4f fma(vec4f a, vec4f b, vec4f c) { return __builtin_elementwise_fma(a, b, c); }

FN f32 sqrt(f32 v) { return __builtin_elementwise_sqrt(v); }
FN f32 inverseSqrt(f32 v) { return 1.0f / __builtin_elementwise_sqrt(v); }
FN f32 exp(f32 v) { return __builtin_elementwise_exp(v); }
FN f32 exp2(f32 v) { return __builtin_elementwise_exp2(v); }
FN f32 log(f32 v) { return __builtin_elementwise_log(v); }
/** Of small values by a polynomial (Cephes), because 1 - 2 / (e^2v + 1) loses their digits. */
FN f32 tanh(f32 v) {
  const f32 size = abs(v);
  if (size < 0.625f) {
    const f32 z = v * v;
    f32 p = fma(z, -5.70498872745e-3f, 2.06390887954e-2f);
    p = fma(z, p, -5.37397155531e-2f);
    p = fma(z, p, 1.33314422036e-1f);
    p = fma(z, p, -3.33332819422e-1f);
    return fma(v * z, p, v);
  }
  const f32 turned = 1.0f - 2.0f / (exp(2.0f * min(size, 15.0f)) + 1.0f);
  return v < 0.0f ? -turned : turned;
}

FN f32 dot(vec2f a, vec2f b) { return fma(a.y, b.y, a.x * b.x); }
FN f32 dot(vec4f a, vec4f b) { return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, a.x * b.x))); }

FN u32 countOneBits(u32 v) { return static_cast<u32>(__builtin_popcount(v)); }
FN u32 countLeadingZeros(u32 v) { return v == 0u ? 32u : static_cast<u32>(__builtin_clz(v)); }
FN u32 countTrailingZeros(u32 v) { return v == 0u ? 32u : static_cast<u32>(__builtin_ctz(v)); }

/** Two halves, the lower first. */
FN vec2f unpack2x16float(u32 word) { return __builtin_convertvector(bitcast<half2>(word), vec2f); }
FN u32 pack2x16float(vec2f v) { return bitcast<u32>(__builtin_convertvector(v, half2)); }

/** Four bytes, the lowest first. */
FN vec4i unpack4xI8(u32 word) { return vec4i(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4i(24); }
FN vec4u unpack4xU8(u32 word) { return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u); }
FN u32 pack4xU8(vec4u v) {
  return (v.x & 255u) | ((v.y & 255u) << 8u) | ((v.z & 255u) << 16u) | (v.w << 24u);
}
FN u32 pack4xI8(vec4i v) { return pack4xU8(vec4u(v)); }

/** The sum of a subgroup's values, in the same order whatever runs beside it. All of its threads that are there call it together. */
FN f32 subgroupAdd(f32 value) {
  for (u32 step = subgroup_size() / 2u; step > 0u; step /= 2u) {
    value += bitcast<f32>(lane_word(bitcast<u32>(value), subgroup_invocation_id() ^ step));
  }
  return value;
}
