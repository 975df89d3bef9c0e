import { vi } from 'vitest';

const COUNTED = {
  u32: 'fn counted(word: u32) -> u32 { return atomicAdd(&NAME[word], 1u); }',
  f32: 'fn counted(word: u32) -> f32 { return f32(atomicAdd(&NAME[word], 1u)); }',
} as const;

/** `code` of a kernel that takes nothing from the buffer `name` but how often it read that word before, and leaves nothing else in it. */
export function countingReads(code: string, name: string): string {
  const [declared, type] = new RegExp(`var<storage, read(?:_write)?> ${name}: array<(u32|f32)>;`).exec(code) ?? [];
  if (declared === undefined) return code;
  const word = `\\b${name}\\[([^\\]]*)\\]`;
  const counting = code
    .replace(new RegExp(`^.*${word} = .*$`, 'gm'), '')
    .replace(new RegExp(word, 'g'), 'counted($1)')
    .replace(declared, `var<storage, read_write> ${name}: array<atomic<u32>>;`);
  return `${counting}\n${COUNTED[type === 'f32' ? 'f32' : 'u32'].replace('NAME', name)}\n`;
}

/** Kernels count, until mocks are restored, how often they read each word of the buffer that they name so: each reading adds 1 to it. */
export function countReads(name: string): void {
  const make = Reflect.get(GPUDevice.prototype, 'createShaderModule') as GPUDevice['createShaderModule'];
  vi.spyOn(GPUDevice.prototype, 'createShaderModule').mockImplementation(function (this: GPUDevice, descriptor) {
    return make.call(this, { ...descriptor, code: countingReads(descriptor.code, name) });
  });
}
