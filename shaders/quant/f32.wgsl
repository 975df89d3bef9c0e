// F32: 32 words a unit.
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// The 32 weights from element 32·unit on. `plane` is not used: the format has no side plane.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  let o = unit * 32u;
  return array<vec4f, 8>(quad(o), quad(o + 4u), quad(o + 8u), quad(o + 12u), quad(o + 16u), quad(o + 20u), quad(o + 24u), quad(o + 28u));
}

fn quad(o: u32) -> vec4f {
  return bitcast<vec4f>(vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]));
}
