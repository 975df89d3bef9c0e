import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockId, tokenId } from '../../src/base/ids';
import type { Device } from '../../src/device/device';
import type { StepRow } from '../../src/engine/runner';
import { withOverrides } from '../support/load-zoo';
import { expectClose, loadZooModel, logitsOf, sequenceOf, type ZooFile, type ZooOptions } from './zoo-suite';

/** Positions from which on workgroups share a row: four ranges of 256; and where there is one more. */
const SHARED_FROM = 768;
const ONE_MORE_FROM = 1024;
/** Positions around both that are generated; all others are a prompt's. */
const GENERATED = [SHARED_FROM, ONE_MORE_FROM].map((position) => ({ from: position - 3, to: position + 3 }));
const BLOCKS = Array.from({ length: 80 }, (_, i) => blockId((i * 23) % 80));

/**
 * One suite for every device: on a GPU workgroups share the positions of a generated row where there are many, for a dispatch a layer more, and
 * the answers stay those of a device that does not.
 */
export function describeLongTexts(
  title: string,
  model: { readonly name: string; readonly layers: number },
  createDevice: () => Promise<Device>,
  readModel: (name: string) => Promise<ZooFile>,
  options: Pick<ZooOptions, 'variants'>,
): void {
  describe(`${title}: a long text of ${model.name}`, () => {
    // A width that every device has, whatever else it is said to be.
    const variants = { ...options.variants, chunks: [64] } as const;
    const zoo: ZooOptions = { variants, kvType: 'f32', chunkTokens: 64, contextLength: 1280 };
    let device: Device;
    let [alone, shared] = [[], []] as readonly Step[][];
    beforeAll(async () => {
      device = await createDevice();
      const file = await readModel(model.name);
      alone = await stepsOf(withOverrides(device, { isSoftware: true }), file, zoo);
      shared = await stepsOf(withOverrides(device, { isSoftware: false }), file, zoo);
    });
    afterAll(() => device.close());

    it(`takes a dispatch a layer more from position ${SHARED_FROM} on, and none before`, () => {
      const more = shared?.map(({ position, dispatches }, i) => [
        position,
        dispatches - (alone?.[i]?.dispatches ?? NaN),
      ]);
      const expected = more?.map(([position = NaN]) => [position, position < SHARED_FROM ? 0 : model.layers]);
      expect(more).toEqual(expected);
    });

    it('gives the logits of a device on which each row has a workgroup', () => {
      expect(shared).toHaveLength(12);
      shared?.forEach(({ logits }, i) => expectClose(logits, alone?.[i]?.logits ?? new Float32Array(), zoo));
    });
  });
}

interface Step {
  readonly position: number;
  readonly logits: Float32Array;
  readonly dispatches: number;
}

/** Of each generated token. */
async function stepsOf(device: Device, { bytes, reference }: ZooFile, zoo: ZooOptions): Promise<Step[]> {
  const runner = await loadZooModel(device, bytes, zoo);
  const { p40 } = reference.prompts;
  const tokenAt = (position: number): number => p40[(position * 7) % p40.length] ?? 0;
  const sequences = [sequenceOf(runner, BLOCKS)];
  const rowsOf = (from: number, to: number): StepRow[] =>
    Array.from({ length: to - from }, (_, i) => ({ token: tokenId(tokenAt(from + i)), position: from + i, slot: 1 }));
  const steps: Step[] = [];
  let end = 0;
  for (const { from, to } of GENERATED) {
    for (let at = end; at < from; at += zoo.chunkTokens) {
      const rows = rowsOf(at, Math.min(from, at + zoo.chunkTokens));
      await runner.submit({ kind: 'prefill', rows, sequences, outputs: [] });
    }
    for (let position = from; position < to; position++) {
      const before = device.counters().dispatches;
      const outputs = [{ row: 0, mode: 'logits' }] as const;
      const rows = rowsOf(position, position + 1);
      const [result] = await runner.submit({ kind: 'decode', rows, sequences, outputs });
      steps.push({ position, logits: logitsOf(result), dispatches: device.counters().dispatches - before });
    }
    end = to;
  }
  return steps;
}
