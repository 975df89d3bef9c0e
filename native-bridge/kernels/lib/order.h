// Logits as u32 keys in the order of the floats, so that NaN and ties are decided by integers: no compiler may assume
// them away. NaN becomes the greatest key; -0 equals 0.
#pragma once

constexpr u32 NAN_KEY = 0xffffffffu;

FN u32 order_key(u32 bits) {
  if ((bits & 0x7fffffffu) > 0x7f800000u) return NAN_KEY;
  if (bits == 0x80000000u) return 0x80000000u;
  return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

// The logit that a key stands for.
FN f32 key_logit(u32 key) {
  return bitcast<f32>((key & 0x80000000u) != 0u ? key & 0x7fffffffu : ~key);
}

// Whether candidate (key, id) a comes before b: greater key first, then the lower id.
FN bool before(vec2u a, vec2u b) {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}
