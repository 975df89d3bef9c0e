// BF16: 16 words a unit, two upper halves of f32 a word, the lower first.
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = unit * 16u;
  return array<vec4f, 8>(quad(o), quad(o + 2u), quad(o + 4u), quad(o + 6u), quad(o + 8u), quad(o + 10u), quad(o + 12u), quad(o + 14u));
}

fn quad(o: u32) -> vec4f {
  let a = weights[o];
  let b = weights[o + 1u];
  return bitcast<vec4f>(vec4u(a << 16u, a & 0xffff0000u, b << 16u, b & 0xffff0000u));
}
