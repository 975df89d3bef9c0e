// WGSL's constructors of vectors: `vec4f(1.0f)`, `vec4f(a, b, c, d)`, `vec4f(pair, pair)`, and `vec4f(vec4u)`, which converts. They are
// macros of the types' names, which mean the types wherever no parenthesis follows.
#pragma once

#define VECTOR_CONSTRUCTORS(V2, V3, V4, T)                                                                 \
  FN V2 make_##V2(T v) { return V2{v, v}; }                                                               \
  FN V3 make_##V3(T v) { return V3{v, v, v}; }                                                            \
  FN V4 make_##V4(T v) { return V4{v, v, v, v}; }                                                         \
  FN V2 make_##V2() { return V2{T(0), T(0)}; }                                                            \
  FN V3 make_##V3() { return V3{T(0), T(0), T(0)}; }                                                      \
  FN V4 make_##V4() { return V4{T(0), T(0), T(0), T(0)}; }                                                \
  FN V2 make_##V2(T a, T b) { return V2{a, b}; }                                                          \
  FN V3 make_##V3(T a, T b, T c) { return V3{a, b, c}; }                                                  \
  FN V4 make_##V4(T a, T b, T c, T d) { return V4{a, b, c, d}; }                                          \
  FN V4 make_##V4(V2 a, V2 b) { return V4{a.x, a.y, b.x, b.y}; }                                          \
  FN V2 make_##V2(vec2f v) { return __builtin_convertvector(v, V2); }                                     \
  FN V3 make_##V3(vec3f v) { return __builtin_convertvector(v, V3); }                                     \
  FN V4 make_##V4(vec4f v) { return __builtin_convertvector(v, V4); }                                     \
  FN V2 make_##V2(vec2u v) { return __builtin_convertvector(v, V2); }                                     \
  FN V3 make_##V3(vec3u v) { return __builtin_convertvector(v, V3); }                                     \
  FN V4 make_##V4(vec4u v) { return __builtin_convertvector(v, V4); }                                     \
  FN V2 make_##V2(vec2i v) { return __builtin_convertvector(v, V2); }                                     \
  FN V3 make_##V3(vec3i v) { return __builtin_convertvector(v, V3); }                                     \
  FN V4 make_##V4(vec4i v) { return __builtin_convertvector(v, V4); }

VECTOR_CONSTRUCTORS(vec2f, vec3f, vec4f, f32)
VECTOR_CONSTRUCTORS(vec2u, vec3u, vec4u, u32)
VECTOR_CONSTRUCTORS(vec2i, vec3i, vec4i, i32)

#define vec2f(...) make_vec2f(__VA_ARGS__)
#define vec3f(...) make_vec3f(__VA_ARGS__)
#define vec4f(...) make_vec4f(__VA_ARGS__)
#define vec2u(...) make_vec2u(__VA_ARGS__)
#define vec3u(...) make_vec3u(__VA_ARGS__)
#define vec4u(...) make_vec4u(__VA_ARGS__)
#define vec2i(...) make_vec2i(__VA_ARGS__)
#define vec3i(...) make_vec3i(__VA_ARGS__)
#define vec4i(...) make_vec4i(__VA_ARGS__)
