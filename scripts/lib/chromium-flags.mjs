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
