// What happens to a row's dot product before it is stored.
#pragma once

constexpr u32 STORE = 0u; // y = v
constexpr u32 ADD = 1u; // y = y + v: the residual stream
constexpr u32 GLU = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

constexpr u32 GELU = 1u; // else SiLU
constexpr u32 SWIGLU_OAI = 2u; // a gated unit of its own, no activation

FN f32 activate(u32 activation, f32 v) {
  if (activation == GELU) {
    // The tanh form.
    const f32 u = 0.7978845608028654f * v * (1.0f + 0.044715f * v * v);
    return 0.5f * v * (1.0f + tanh(clamp(u, -15.0f, 15.0f)));
  }
  return v / (1.0f + exp(-v));
}

// The gated linear unit.
FN f32 gated(u32 activation, f32 gate, f32 up) {
  if (activation == SWIGLU_OAI) {
    // gpt-oss: both clamped, a steeper SiLU, and 1 added to up.
    if (is_nan(gate)) return gate;
    if (is_nan(up)) return up;
    const f32 g = min(gate, 7.0f);
    return g / (1.0f + exp(-1.702f * g)) * (clamp(up, -7.0f, 7.0f) + 1.0f);
  }
  return activate(activation, gate) * up;
}
