import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockId, tokenId } from '../../src/base/ids';
import type { Device } from '../../src/device/device';
import type { StepBatch } from '../../src/engine/runner';
import { withOverrides } from '../support/load-zoo';
import { expectClose, loadZooModel, logitsOf, prefill, sequenceOf, type ZooFile, type ZooOptions } from './zoo-suite';

/** Positions from which on workgroups share a row: four ranges of 256. */
const SHARED_FROM = 768;
/** Generated before and after. */
const GENERATED = { before: 2, after: 3 } as const;
const FIRST_GENERATED = SHARED_FROM - GENERATED.before;
const BLOCKS = Array.from({ length: 64 }, (_, i) => blockId((i * 23) % 64));

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
    const zoo: ZooOptions = { ...options, kvType: 'f32', chunkTokens: 64, contextLength: 1024 };
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
      const more = shared?.map(({ dispatches }, i) => dispatches - (alone?.[i]?.dispatches ?? NaN));
      const { before, after } = GENERATED;
      expect(more).toEqual([...Array<number>(before).fill(0), ...Array<number>(after).fill(model.layers)]);
    });

    it('gives the logits of a device on which each row has a workgroup', () => {
      expect(shared).toHaveLength(GENERATED.before + GENERATED.after);
      shared?.forEach(({ logits }, i) => expectClose(logits, alone?.[i]?.logits ?? new Float32Array(), zoo));
    });
  });
}

interface Step {
  readonly logits: Float32Array;
  readonly dispatches: number;
}

/** Of each generated token. */
async function stepsOf(device: Device, { bytes, reference }: ZooFile, zoo: ZooOptions): Promise<Step[]> {
  const runner = await loadZooModel(device, bytes, zoo);
  const { p40 } = reference.prompts;
  const tokenAt = (position: number): number => p40[(position * 7) % p40.length] ?? 0;
  const ids = Array.from({ length: FIRST_GENERATED }, (_, position) => tokenAt(position));
  await prefill(runner, ids, zoo.chunkTokens, [], 'logits', BLOCKS);
  const steps: Step[] = [];
  for (let position = FIRST_GENERATED; position < SHARED_FROM + GENERATED.after; position++) {
    const rows = [{ token: tokenId(tokenAt(position)), position, slot: 1 }];
    const outputs = [{ row: 0, mode: 'logits' }] as const;
    const batch: StepBatch = { kind: 'decode', rows, sequences: [sequenceOf(runner, BLOCKS)], outputs };
    const before = device.counters().dispatches;
    const [result] = await runner.submit(batch);
    steps.push({ logits: logitsOf(result), dispatches: device.counters().dispatches - before });
  }
  return steps;
}
