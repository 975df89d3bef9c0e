import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shaderText, withConstants, type JoinedKind } from '../../src/device/webgpu/shader-text';
import { SHADERS } from '../../src/device/webgpu/shaders.generated';
import { f32Twin } from '../kernels/f32-twins';

// Chromium's compiler takes what Firefox's one may not. Kernel suites run a part of the texts; here each that ships is read and checked.

let device: GPUDevice;
let hasHalves: boolean;

beforeAll(async () => {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error('there is no adapter');
  hasHalves = adapter.features.has('shader-f16');
  device = await adapter.requestDevice({
    requiredFeatures: hasHalves ? ['shader-f16'] : [],
    // As the engine's device: batches of halves need more than WebGPU promises, which 153.8 holds a pipeline to and 153.7 did not.
    requiredLimits: { maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize },
  });
});
afterAll(() => device.destroy());

type Modules = Readonly<Partial<Record<JoinedKind, string>>>;

/** Every choice of modules for a kernel that takes these kinds; some have not what it calls. */
function choices(kinds: readonly JoinedKind[]): readonly Modules[] {
  return kinds.reduce<readonly Modules[]>(
    (known, kind) =>
      known.flatMap((some) => Object.keys(SHADERS.modules[kind]).map((name) => ({ ...some, [kind]: name }))),
    [{}],
  );
}

/** Whether a text declares all that a kernel calls of its modules. */
function declares(text: string, shader: string): boolean {
  const names = Object.values(SHADERS.kernels[shader]?.takes ?? {}).flat();
  return names.every((name) => new RegExp(`\\b(?:fn|const|struct|alias) ${name}\\b`).test(text));
}

/** What the compiler says against a text. */
async function complaints(label: string, code: string): Promise<readonly string[]> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label, code });
  const { messages } = await module.getCompilationInfo();
  const error = await device.popErrorScope();
  const errors = messages.filter(({ type }) => type === 'error').map(({ message }) => message);
  return error === null ? errors : [error.message, ...errors];
}

describe.each(Object.entries(SHADERS.kernels).map(([shader, { takes }]) => ({ shader, takes })))(
  '$shader',
  (kernel) => {
    const { shader } = kernel;
    const variants = choices(Object.keys(kernel.takes) as JoinedKind[]).flatMap((modules) => {
      const text = shaderText(SHADERS, shader, modules);
      return text === null || !declares(text, shader)
        ? []
        : [{ label: [shader, ...Object.values(modules)].join('.'), text }];
    });

    it('is taken with every block format and type of cache', async () => {
      expect(variants).not.toEqual([]);
      for (const { label, text } of variants) {
        const code = withConstants(text, {});
        const needsSubgroups = code.startsWith('enable subgroups;');
        const found = await complaints(label, hasHalves ? code : f32Twin(label, code));
        // No Firefox offers them yet: the day that one does, this says so.
        if (needsSubgroups) expect(found.join(), label).toMatch(/subgroups/);
        else expect(found, label).toEqual([]);
      }
    });

    it('is made into a pipeline', async () => {
      const [{ label, text } = { label: '', text: '' }] = variants;
      const code = withConstants(text, {});
      const compute = { module: device.createShaderModule({ label, code: hasHalves ? code : f32Twin(label, code) }) };
      const made = device.createComputePipelineAsync({ label, layout: 'auto', compute });
      if (code.startsWith('enable subgroups;')) await expect(made).rejects.toThrow(label);
      else expect(await made).toBeInstanceOf(GPUComputePipeline);
    });
  },
);
