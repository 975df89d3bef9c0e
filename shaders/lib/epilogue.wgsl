// What happens to a row's dot product before it is stored.
override EPILOGUE: u32 = 0u;
const STORE: u32 = 0u; // y = v
const ADD: u32 = 1u; // y = y + v: the residual stream
const SWIGLU: u32 = 2u; // y = silu(v) · w, w the dot product of the row `rows` further on

fn silu(v: f32) -> f32 {
  return v / (1.0 + exp(-v));
}
