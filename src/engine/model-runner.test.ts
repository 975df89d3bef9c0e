import { beforeAll, describe, expect, it } from 'vitest';
import { loadZooModel } from '../../test/models/zoo-suite';
import { readZoo } from '../../test/support/zoo';
import { blockId, tokenId, type TokenId } from '../base/ids';
import { createReferenceDevice } from '../device/reference/reference-device';
import type { Executor, ModelLimits, Output, Submission } from '../models/executor';
import { argmax } from '../sampling/argmax';
import { drawFromCandidates } from '../sampling/draw';
import { applyPenalties, penaltiesAt } from '../sampling/penalties';
import { selectBest } from '../sampling/top-k';
import { ModelRunner } from './model-runner';
import type { Runner, StepBatch, StepOutput } from './runner';

const LIMITS: ModelLimits = {
  vocabularySize: 100,
  contextLength: 64,
  blockTokens: 16,
  totalBlocks: 8,
  window: { tokens: 20, blocks: 6 },
  minChunkTokens: 4,
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
    return submission.outputs.map(({ row }) => ({ mode: 'argmax', tokenId: tokenId(row), nan: false }));
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

const DRAW = { topK: 40, temperature: 1.5, topP: 0.95, minP: 0.01 };
const SEQUENCE = { slot: 2, blocks: [3, 1].map(blockId), windowBlocks: [] };

function outputOf(row: number, mode: 'argmax' | 'sample' | 'logits', unit = 0): StepOutput {
  return mode === 'sample' ? { row, mode, draw: { ...DRAW, unit } } : { row, mode };
}

/** What the CPU draws. */
function onHost(logits: Float32Array, unit: number): number {
  return drawFromCandidates(selectBest(logits, DRAW.topK), DRAW, unit);
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

  it('asks for all outputs in one submission, and gives results in the order that was asked for', async () => {
    const { executor, runner } = setUp();
    const modes = ['argmax', 'argmax', 'sample', 'logits', 'sample', 'argmax'] as const;
    const outputs = modes.map((mode, i) => outputOf(i % 4, mode, i / 8));
    const results = await runner.submit(batch('decode', 4, outputs));
    expect(executor.submissions).toMatchObject([{ body: 'decode', outputs }]);
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
    [batch('prefill', 1, [{ row: 0, mode: 'embedding' }]), 'the model makes no embeddings'],
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
  let runner: Runner;
  let ids: readonly number[];

  beforeAll(async () => {
    const { reference } = await readZoo('smollm2');
    ids = reference.prompts.p40.slice(0, 20);
    runner = await load(4);
    return () => device.close();
  });

  async function load(maxConcurrent: number): Promise<Runner> {
    const { bytes } = await readZoo('smollm2');
    const variants = { matvec: 'rows' } as const;
    return await loadZooModel(device, bytes, { variants, kvType: 'f32', chunkTokens: 20, maxConcurrent });
  }

  function evaluate(outputs: readonly StepOutput[], on = runner): ReturnType<Runner['submit']> {
    const rows = ids.map((id, position) => ({ token: tokenId(id), position, slot: 2 }));
    return on.submit({ kind: 'prefill', rows, sequences: [SEQUENCE], outputs });
  }

  it('gives an output the same logits, whichever others are asked with it and in whatever mode', async () => {
    const all = await evaluate(ids.map((_, row) => ({ row, mode: 'logits' })));
    expect(all).toHaveLength(20);
    for (const row of [0, 7, 8, 19]) expect(await evaluate([{ row, mode: 'logits' }])).toEqual([all[row]]);

    const modes = ['argmax', 'sample', 'logits'] as const;
    const mixed = await evaluate(ids.map((_, row) => outputOf(row, modes[row % 3] ?? 'argmax', row / 20)));
    mixed.forEach((result, row) => {
      const full = all[row];
      if (full?.mode !== 'logits') throw new Error('expected logits');
      const best = full.logits.indexOf(Math.max(...full.logits));
      if (result.mode === 'argmax') expect(result.tokenId).toBe(best);
      else if (result.mode === 'sample') expect(result.tokenId).toBe(onHost(full.logits, row / 20));
      else expect(result).toEqual(full);
    });
  });

  it('has place for the outputs of as many requests as can decode together', async () => {
    const wide = await load(ids.length);
    const modes = ['logits', 'sample', 'argmax', 'sample'] as const;
    const outputs = ids.map((_, row) => outputOf(row, modes[row % 4] ?? 'argmax', row / 20));
    const { submits } = device.counters();
    const atOnce = await evaluate(outputs, wide);
    expect(device.counters().submits - submits).toBe(1);
    expect(atOnce).toEqual(await evaluate(outputs));
  });

  it('penalises the outputs that ask for it, and no others of the step', async () => {
    const options = { repeatPenalty: 1.5, repeatLastN: 8, presencePenalty: -9, frequencyPenalty: -1 };
    const rows = [19, 12, 19, 7];
    const all = await evaluate([...new Set(rows)].map((row) => ({ row, mode: 'logits' })));
    const plain = (row: number): Float32Array => {
      const result = all[[...new Set(rows)].indexOf(row)];
      if (result?.mode !== 'logits') throw new Error('expected logits');
      return result.logits.slice();
    };
    const penalised = (row: number): Float32Array => {
      const logits = plain(row);
      applyPenalties(logits, ids.slice(0, row + 1), options);
      return logits;
    };
    const outputs = rows.flatMap((row, i): StepOutput[] => {
      const penalties = penaltiesAt(row, options);
      const given = i % 2 === 0 && penalties !== null ? { penalties } : {};
      return [
        { row, mode: 'argmax', ...given },
        { row, mode: 'sample', draw: { ...DRAW, unit: i / 4 }, ...given },
        { row, mode: 'logits' },
      ];
    });
    expect(await evaluate(outputs)).toEqual(
      rows.flatMap((row, i) => {
        const logits = i % 2 === 0 ? penalised(row) : plain(row);
        return [
          { mode: 'argmax', tokenId: argmax(logits), nan: false },
          { mode: 'sample', tokenId: onHost(logits, i / 4), nan: false },
          { mode: 'logits', logits: plain(row) },
        ];
      }),
    );
    expect(argmax(penalised(19))).not.toBe(argmax(plain(19)));
  });

  it('embeds the token that it drew, before the host knows it', async () => {
    const units = [0.1, 0.6, 0.35, 0.9, 0.5, 0.75];
    const decode = (token: TokenId | null, position: number, output: StepOutput): ReturnType<Runner['submit']> => {
      const rows = [{ token, position, slot: 2 }];
      return runner.submit({ kind: 'decode', rows, sequences: [SEQUENCE], outputs: [output] });
    };
    const drawn = [
      evaluate([outputOf(ids.length - 1, 'sample', units[0])]),
      ...units.slice(1).map((unit, i) => decode(null, ids.length + i, outputOf(0, 'sample', unit))),
    ];
    const ahead = (await Promise.all(drawn)).map(([result]) => (result?.mode === 'sample' ? result.tokenId : -1));

    const waiting: TokenId[] = [];
    for (const unit of units) {
      const last = waiting.at(-1);
      const position = ids.length + waiting.length - 1;
      const output = (row: number): StepOutput => ({ row, mode: 'logits' });
      const [full] = await (last === undefined ? evaluate([output(position)]) : decode(last, position, output(0)));
      if (full?.mode !== 'logits') throw new Error('expected logits');
      waiting.push(tokenId(onHost(full.logits, unit)));
    }
    expect(ahead).toEqual(waiting);
    expect(new Set(ahead).size).toBeGreaterThan(3);
  });
});
