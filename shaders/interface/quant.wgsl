// What every block format in shaders/quant declares. Kernels are linked against this text, and a format's own takes its
// place when a pipeline is made. A format whose units share few words declares `dequant32` alone: lib/ungrouped.wgsl has the rest.

// The 32 weights from element 32·unit on; `plane` is the word at which the format's side plane begins.
fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {
  return array<vec4f, 8>();
}

// So many neighbouring units share words: 1, 2, 4 or 8. A row begins with a whole group.
const GROUP_UNITS: u32 = 1u;

// What a group shares.
struct Words {
  none: u32,
}

// What the group of a unit shares.
fn group_words(unit: u32, plane: u32) -> Words {
  return Words();
}

// `dequant32` of a unit whose group shares `words`.
fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  return array<vec4f, 8>();
}

// What follows is of formats alone whose weights are bytes with a scale: kernels for bytes take no others. A format without
// groups declares `byte32(unit, plane)`: lib/ungrouped_bytes.wgsl has the rest.

// A unit of 32 weights as bytes: lib/bytes.wgsl.
struct ByteUnit {
  first: vec4u,
  second: vec4u,
  scales: vec2f,
  minimums: vec2f,
}

// The unit, whose group shares `words`, as bytes.
fn byte_unit(words: Words, unit: u32, plane: u32) -> ByteUnit {
  return ByteUnit();
}
