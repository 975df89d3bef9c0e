// What a test sees of a block format, compiled behind it for the host: the weights of `units` units, whole groups, by each way that
// kernels have to them. `single`: of dequant32, [units × 32]; `grouped`: of dequant_unit; `bytes` [units × 8] and `scales` [units × 4]: of
// byte_unit, scales before minimums, left alone by formats that have none.
extern "C" __attribute__((visibility("default"))) void unpack(
  const u32 *weights, u32 units, u32 plane, f32 *single, f32 *grouped, u32 *bytes, f32 *scales
) {
  for (u32 g = 0u; g < units; g += GROUP_UNITS) {
    const Words words = group_words(weights, g, plane);
    for (u32 u = g; u < g + GROUP_UNITS; u++) {
      const array<vec4f, 8> one = dequant32(weights, u, plane);
      const array<vec4f, 8> other = dequant_unit(weights, words, u, plane);
      for (u32 i = 0u; i < 32u; i++) {
        single[u * 32u + i] = one[i / 4u][i % 4u];
        grouped[u * 32u + i] = other[i / 4u][i % 4u];
      }
#ifdef BYTE_UNITS
      const ByteUnit unit = byte_unit(weights, words, u, plane);
      for (u32 i = 0u; i < 8u; i++) bytes[u * 8u + i] = i < 4u ? unit.first[i] : unit.second[i - 4u];
      for (u32 i = 0u; i < 4u; i++) scales[u * 4u + i] = i < 2u ? unit.scales[i] : unit.minimums[i - 2u];
#endif
    }
  }
}
