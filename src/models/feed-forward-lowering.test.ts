import { describe, expect, it } from 'vitest';
import { readZoo } from '../../test/support/zoo';
import { defined } from '../base/assert';
import { createReferenceDevice } from '../device/reference/reference-device';
import type { Dispatch } from '../device/plan';
import { parseGguf } from '../gguf/parse';
import { EPILOGUE_CODES } from '../kernels/linear';
import { allocateModel } from './allocate-model';
import { describeNetwork } from './registry';

/** The dispatches of each layer's experts, from their norm on, which has a dispatch of its own. */
async function blocksOf(name: string, plan: 'prefill' | 'decode'): Promise<readonly (readonly Dispatch[])[]> {
  const { bytes } = await readZoo(name);
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the fixture is cut');
  const model = allocateModel(createReferenceDevice(), parsed.file, describeNetwork(parsed.file), {
    maxConcurrent: 2,
    contextLength: 64,
    kvType: 'f32',
    variants: { matvec: 'lanes' },
  });
  const { plans } = await model.prepared;
  const { dispatches } = defined(plans[plan][0], 'a width').plan;
  const ends = dispatches.flatMap(({ kernel, constants }, at) =>
    kernel === 'expert_matvec' && constants['EPILOGUE'] === EPILOGUE_CODES.add ? [at + 1] : [],
  );
  return ends.map((end) => {
    const before = dispatches.slice(0, end);
    return before.slice(before.findLastIndex(({ kernel }) => kernel === 'rmsnorm'));
  });
}

function words(dispatches: readonly Dispatch[]): string[] {
  return dispatches.map(({ kernel, constants }) => {
    const epilogue = Object.entries(EPILOGUE_CODES).find(([, code]) => code === constants['EPILOGUE'])?.[0];
    return kernel === 'expert_matvec' ? `experts ${epilogue}` : kernel;
  });
}

describe('a mixture of experts', () => {
  it.each(['decode', 'prefill'] as const)(
    'takes five dispatches where gate and up are one matrix: %s',
    async (plan) => {
      const router = plan === 'decode' ? 'matvec' : 'matmul';
      const expected = ['rmsnorm', router, 'route', 'experts glu', 'experts add'];
      expect((await blocksOf('qwen3moe', plan)).map(words)).toEqual([expected, expected]);
    },
  );

  it('takes two more where gate and up have formats of their own', async () => {
    const [first, second] = (await blocksOf('mixtral', 'decode')).map(words);
    expect(first).toEqual(['rmsnorm', 'matvec', 'route', 'experts glu', 'experts add']);
    expect(second).toEqual(['rmsnorm', 'matvec', 'route', 'experts store', 'experts store', 'glu', 'experts add']);
  });

  it('adds the bias of the router before it chooses', async () => {
    const [first] = (await blocksOf('gpt-oss', 'decode')).map(words);
    expect(first).toEqual(['rmsnorm', 'matvec', 'add_bias', 'route', 'experts glu', 'experts add']);
  });

  it('runs its experts by the same kernels for prompt and generated rows, so that they agree bit by bit', async () => {
    const [decode, prefill] = await Promise.all(
      (['decode', 'prefill'] as const).map(async (plan) => defined((await blocksOf('gpt-oss', plan))[0], 'layer 0')),
    );
    const experts = (dispatches: readonly Dispatch[] | undefined): unknown[] =>
      (dispatches ?? [])
        .filter(({ kernel }) => kernel === 'expert_matvec')
        .map(({ shader, modules, constants, params }) => ({ shader, modules, constants, params }));
    expect(experts(prefill)).toEqual(experts(decode));
    expect(experts(decode)).toHaveLength(2);
  });
});
