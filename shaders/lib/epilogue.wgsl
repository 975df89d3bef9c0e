// What happens to a row's dot product before it is stored.
override EPILOGUE: u32 = 0u;
override ACTIVATION: u32 = 0u;
const STORE: u32 = 0u; // y = v
const ADD: u32 = 1u; // y = y + v: the residual stream
const GLU: u32 = 2u; // y = activate(v) · w, w the dot product of the row `rows` further on

const GELU: u32 = 1u; // else SiLU

fn activate(v: f32) -> f32 {
  if (ACTIVATION == GELU) {
    // The tanh form; its argument is clamped because tanh of large values is NaN on some drivers.
    let u = 0.7978845608028654 * v * (1.0 + 0.044715 * v * v);
    return 0.5 * v * (1.0 + tanh(clamp(u, -15.0, 15.0)));
  }
  return v / (1.0 + exp(-v));
}
