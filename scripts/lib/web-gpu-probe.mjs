/** Runs in a page: what is wrong with the browser's WebGPU; `null`: nothing. */
export async function probeWebGpu() {
  if (!navigator.gpu) return 'it has no WebGPU (too old?)';
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) return 'it offers no WebGPU adapter';
  const device = await adapter.requestDevice();
  device.destroy();
  return null;
}
