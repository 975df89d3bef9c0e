type RequestDevice = (this: GPUAdapter, ...args: Parameters<GPUAdapter['requestDevice']>) => Promise<GPUDevice>;

/**
 * From now on every submission and every pipeline of every GPU device of this page runs inside error scopes.
 * Gives a function that resolves with what went wrong since it was last called.
 */
export function collectGpuErrors(): () => Promise<string[]> {
  let scopes: Promise<GPUError | null>[] = [];
  const uncaptured: string[] = [];
  const requestDevice = Reflect.get(GPUAdapter.prototype, 'requestDevice') as RequestDevice;
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...args) {
    const device = await requestDevice.apply(this, args);
    device.addEventListener('uncapturederror', ({ error }) => uncaptured.push(error.message));
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (commands) => {
      device.pushErrorScope('validation');
      device.pushErrorScope('internal');
      device.pushErrorScope('out-of-memory');
      const result = submit(commands);
      scopes.push(device.popErrorScope(), device.popErrorScope(), device.popErrorScope());
      return result;
    };
    return device;
  };
  return async () => {
    const found = await Promise.all(scopes);
    scopes = [];
    return [...uncaptured.splice(0), ...found.flatMap((error) => (error === null ? [] : [error.message]))];
  };
}
