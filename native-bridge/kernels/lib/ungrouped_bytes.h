// What a block format without groups that declares `byte32` has besides.
#pragma once

FN ByteUnit byte_unit(const u32 *weights, const Words &words, u32 unit, u32 plane) {
  return byte32(weights, unit, plane);
}
