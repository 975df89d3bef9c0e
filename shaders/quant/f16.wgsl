// F16: 16 words a unit, two halves a word, the lower first.
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = unit * 16u;
  return array<vec4f, 8>(quad(o), quad(o + 2u), quad(o + 4u), quad(o + 6u), quad(o + 8u), quad(o + 10u), quad(o + 12u), quad(o + 14u));
}

fn quad(o: u32) -> vec4f {
  return vec4f(unpack2x16float(weights[o]), unpack2x16float(weights[o + 1u]));
}
