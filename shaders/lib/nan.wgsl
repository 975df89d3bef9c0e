// NaN is told by its bits: compilers may assume that there is none, and `clamp`, `min` and `max` of one may give the other number.

fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

// Bits that make NaN of two packed halves where `v` is that.
fn nan_halves(v: vec2f) -> u32 {
  let nans = (bitcast<vec2u>(v) & vec2u(0x7fffffffu)) > vec2u(0x7f800000u);
  return select(0u, 0x7e00u, nans.x) | select(0u, 0x7e000000u, nans.y);
}
