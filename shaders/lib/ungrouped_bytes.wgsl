// What a block format without groups that declares `byte32` has besides: scripts/shaders.mjs puts it behind `ungrouped`.
fn byte_unit(words: Words, unit: u32, plane: u32) -> ByteUnit {
  return byte32(unit, plane);
}
