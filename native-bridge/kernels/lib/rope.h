// Rotary position embedding of one pair.
#pragma once

FN vec2f rotate(vec2f v, vec2f cos_sin) {
  return vec2f(v.x * cos_sin.x - v.y * cos_sin.y, v.x * cos_sin.y + v.y * cos_sin.x);
}
