/** Architectures that kernels are built for; a test holds them against `TARGETS` of scripts/lib/hip-build.mjs. */
export const HIP_TARGETS: readonly string[] = [
  'gfx906',
  'gfx90a',
  'gfx942',
  'gfx1010',
  'gfx1030',
  'gfx1100',
  'gfx1103',
  'gfx1151',
  'gfx1200',
  'gfx1201',
];
