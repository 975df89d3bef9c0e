// What every block format in shaders/quant declares. Kernels are linked against this text, and a format's own takes its
// place when a pipeline is made.

// The 32 weights from element 32·unit on; `plane` is the word at which the format's side plane begins.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return array<vec4f, 8>();
}
