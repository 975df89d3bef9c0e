import { withConstants } from '../../src/device/webgpu/shader-text';
import { SHADERS } from '../../src/device/webgpu/shaders.generated';
import { F32_TWINS } from './f32-twins.generated';

/** A pipeline's text with f32 where it has f16; what has no f16 stays as it is. `label`: the kernel and its modules. */
export function f32Twin(label: string, code: string): string {
  const [shader = ''] = label.split('.');
  const [kernel, twin] = [SHADERS.kernels[shader], F32_TWINS[shader]];
  if (kernel === undefined || twin === undefined) return code;
  const constants = constantsOf(kernel.text, code);
  return code.replace(withConstants(kernel.text, constants), () => withConstants(twin.text, constants));
}

/** The values that the overrides of a kernel have in a pipeline's text, where they are plain numbers. */
function constantsOf(text: string, code: string): Readonly<Record<string, number>> {
  const overrides = Array.from(text.matchAll(/^override (\w+)/gm), ([, name = '']) => name);
  return Object.fromEntries(
    overrides.flatMap((name) => {
      const [, value] = new RegExp(`^const ${name}: u32 = (\\d+)u;`, 'm').exec(code) ?? [];
      return value === undefined ? [] : [[name, Number(value)]];
    }),
  );
}

/**
 * From now on all devices of this page run the twins of kernels with f16, unless the adapter has f16 itself: the same text but for
 * the type, so that what runs there proves all but the arithmetic. Whether the adapter has f16.
 */
export async function useF32Twins(): Promise<boolean> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter?.features.has('shader-f16') === true) return true;
  const create = Reflect.get(GPUDevice.prototype, 'createShaderModule') as GPUDevice['createShaderModule'];
  GPUDevice.prototype.createShaderModule = function (this: GPUDevice, { label = '', code, ...others }) {
    return create.call(this, { ...others, label, code: f32Twin(label, code) });
  };
  return false;
}
