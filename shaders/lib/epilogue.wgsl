// What happens to a row's dot product before it is stored.
import package::lib::nan::is_nan;

override EPILOGUE: u32 = 0u;
override ACTIVATION: u32 = 0u;
const STORE: u32 = 0u; // y = v
const ADD: u32 = 1u; // y = y + v: the residual stream
const GLU: u32 = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

const GELU: u32 = 1u; // else SiLU
const SWIGLU_OAI: u32 = 2u; // a gated unit of its own, no activation

fn activate(v: f32) -> f32 {
  if (ACTIVATION == GELU) {
    // The tanh form; its argument is clamped because tanh of large values is NaN on some drivers.
    let u = 0.7978845608028654 * v * (1.0 + 0.044715 * v * v);
    return 0.5 * v * (1.0 + tanh(clamp(u, -15.0, 15.0)));
  }
  return v / (1.0 + exp(-v));
}

// The gated linear unit.
fn gated(gate: f32, up: f32) -> f32 {
  if (ACTIVATION == SWIGLU_OAI) {
    // gpt-oss: both clamped, a steeper SiLU, and 1 added to up.
    let g = min(gate, 7.0);
    let value = g / (1.0 + exp(-1.702 * g)) * (clamp(up, -7.0, 7.0) + 1.0);
    return select(select(value, up, is_nan(up)), gate, is_nan(gate));
  }
  return activate(gate) * up;
}
