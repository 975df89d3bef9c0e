// What makes a Chromium offer WebGPU on a machine with neither a display nor a GPU. `--headless=new` is given by hand,
// with Playwright's `headless: false`: its own headless mode starts another build, which has no WebGPU.
export const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * For tests. Without the last, SwiftShader compiles a store for each word of workgroup memory that it clears: `matmul` in tiles of 64
 * rows, which have 8 KiB, took 1.1 s, and 0.1 s with it. No kernel may count on memory that is clear; `long` runs with what browsers do.
 */
export const TEST_FLAGS = [...CHROMIUM_FLAGS, '--enable-dawn-features=disable_workgroup_init'];
