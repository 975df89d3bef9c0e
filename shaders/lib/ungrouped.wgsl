// What a block format without groups has in their place: scripts/shaders.mjs puts it behind the format's own text.
const GROUP_UNITS: u32 = 1u;

struct Words {
  none: u32,
}

fn group_words(unit: u32, plane: u32) -> Words {
  return Words();
}

fn dequant_unit(words: Words, unit: u32, plane: u32) -> array<vec4f, 8> {
  return dequant32(unit, plane);
}
