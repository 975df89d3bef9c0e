import { beforeAll, describe, expect, it } from 'vitest';
import { loadZooModel } from '../../test/models/zoo-suite';
import { readZoo } from '../../test/support/zoo';
import { blockId, tokenId } from '../base/ids';
import { createReferenceDevice } from '../device/reference/reference-device';
import type { Executor, ModelLimits, Output, Submission } from '../models/executor';
import { ModelRunner } from './model-runner';
import type { Runner, StepBatch, StepOutput } from './runner';

const LIMITS: ModelLimits = {
  vocabularySize: 100,
  contextLength: 64,
  blockTokens: 16,
  totalBlocks: 8,
  window: { tokens: 20, blocks: 6 },
  maxChunkTokens: 32,
  maxDecodeRows: 4,
  maxSlots: 4,
  topK: 64,
  maxOutputs: 8,
};

/** Remembers its submissions; every output is the argmax `row`. */
class ScriptedExecutor implements Pick<Executor, 'limits' | 'run'> {
  readonly limits = LIMITS;
  readonly submissions: Submission[] = [];

  async run(submission: Submission): Promise<readonly Output[]> {
    this.submissions.push(submission);
    return submission.outputs.map((row) => ({ mode: 'argmax', tokenId: tokenId(row), nan: false }));
  }
}

function batch(kind: StepBatch['kind'], rows: number, outputs: readonly StepOutput[]): StepBatch {
  const blocks = [2, 5].map(blockId);
  return {
    kind,
    rows: Array.from({ length: rows }, (_, position) => ({ token: tokenId(1), position, slot: 3 })),
    sequences: [
      { slot: 1, blocks: [blockId(7)], windowBlocks: [blockId(0)] },
      { slot: 3, blocks, windowBlocks: [null, blockId(4)] },
    ],
    outputs,
  };
}

function setUp() {
  const executor = new ScriptedExecutor();
  return { executor, runner: new ModelRunner(executor as unknown as Executor) };
}

describe('ModelRunner', () => {
  it('runs a step without outputs', async () => {
    const { executor, runner } = setUp();
    expect(await runner.submit(batch('prefill', 2, []))).toEqual([]);
    expect(executor.submissions).toMatchObject([{ body: 'prefill', outputs: [] }]);
    expect(executor.submissions[0]?.rows).toEqual(
      [0, 1].map((position) => ({ token: 1, position, slot: 3, blocks: [2, 5], windowBlocks: [0, 4] })),
    );
  });

  it('asks for at most as many outputs at once as fit, the rows running once', async () => {
    const { executor, runner } = setUp();
    const outputs = Array.from({ length: 20 }, (_, i): StepOutput => ({ row: 20 - i, mode: 'logits' }));
    const results = await runner.submit(batch('prefill', 30, outputs));
    expect(executor.submissions.map(({ body, outputs: { length } }) => [body, length])).toEqual([
      ['prefill', 8],
      [null, 8],
      [null, 4],
    ]);
    expect(results.map((result) => (result.mode === 'argmax' ? result.tokenId : -1))).toEqual(
      outputs.map(({ row }) => row),
    );
  });

  it('takes outputs of one mode together, and gives results in the order that was asked for', async () => {
    const { executor, runner } = setUp();
    const modes = ['argmax', 'argmax', 'topk', 'logits', 'logits', 'argmax'] as const;
    const results = await runner.submit(
      batch(
        'decode',
        4,
        modes.map((mode, i) => ({ row: i % 4, mode })),
      ),
    );
    expect(executor.submissions.map(({ body, mode, outputs }) => [body, mode, outputs])).toEqual([
      ['decode', 'argmax', [0, 1, 1]],
      [null, 'topk', [2]],
      [null, 'logits', [3, 0]],
    ]);
    expect(results.map((result) => (result.mode === 'argmax' ? result.tokenId : -1))).toEqual([0, 1, 2, 3, 0, 1]);
    expect(executor.submissions.every(({ rows }) => rows.length === 4)).toBe(true);
  });

  it('submits before it returns', () => {
    const { executor, runner } = setUp();
    void runner.submit(batch('decode', 1, []));
    expect(executor.submissions).toHaveLength(1);
  });

  it.each([
    [batch('prefill', 33, []), 'a step fits the plan'],
    [batch('decode', 5, []), 'a step fits the plan'],
    [{ ...batch('decode', 1, []), sequences: [] }, 'blocks of slot 3'],
  ])('rejects what the actor must not ask: %#', async (wrong, message) => {
    const { executor, runner } = setUp();
    await expect(runner.submit(wrong)).rejects.toThrow(message);
    expect(executor.submissions).toEqual([]);
  });

  it('tells the actor the limits it has to keep to', () => {
    const { maxOutputs: _, ...limits } = LIMITS;
    expect(setUp().runner.limits).toEqual(limits);
  });
});

describe('ModelRunner over a model', () => {
  const device = createReferenceDevice();
  const blocks = [3, 1].map(blockId);
  let runner: Runner;
  let ids: readonly number[];

  beforeAll(async () => {
    const { bytes, reference } = await readZoo('smollm2');
    ids = reference.prompts.p40.slice(0, 20);
    runner = await loadZooModel(device, bytes, {
      variants: { matvec: 'rows', matmul: 'rows' },
      kvType: 'f32',
      chunkTokens: 20,
    });
    return () => device.close();
  });

  function evaluate(outputs: readonly StepOutput[]): ReturnType<Runner['submit']> {
    const rows = ids.map((id, position) => ({ token: tokenId(id), position, slot: 2 }));
    return runner.submit({ kind: 'prefill', rows, sequences: [{ slot: 2, blocks, windowBlocks: [] }], outputs });
  }

  it('gives an output the same logits, whichever others are asked with it and in whatever mode', async () => {
    const all = await evaluate(ids.map((_, row) => ({ row, mode: 'logits' })));
    expect(all).toHaveLength(20);
    for (const row of [0, 7, 8, 19]) expect(await evaluate([{ row, mode: 'logits' }])).toEqual([all[row]]);

    const modes = ['argmax', 'topk', 'logits'] as const;
    const mixed = await evaluate(ids.map((_, row) => ({ row, mode: modes[row % 3] ?? 'argmax' })));
    mixed.forEach((result, row) => {
      const full = all[row];
      if (full?.mode !== 'logits') throw new Error('expected logits');
      const best = full.logits.indexOf(Math.max(...full.logits));
      if (result.mode === 'argmax') expect(result.tokenId).toBe(best);
      else if (result.mode === 'topk') expect([result.ids[0], result.logits[0]]).toEqual([best, full.logits[best]]);
      else expect(result).toEqual(full);
    });
  });
});
