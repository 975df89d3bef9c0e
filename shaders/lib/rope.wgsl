// Rotary position embedding of one pair.
fn rotate(v: vec2f, cos_sin: vec2f) -> vec2f {
  return vec2f(v.x * cos_sin.x - v.y * cos_sin.y, v.x * cos_sin.y + v.y * cos_sin.x);
}
