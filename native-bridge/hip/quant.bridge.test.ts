import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../test/kernels/random';
import { dequantize, type QuantFormat } from '../../src/quant/format';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { QUANT_MISTAKES } from './testing/quant-mistakes';
import { hipBuild } from '../sim/testing/build-scripts';
import { compileUnpacker, type Unpacker } from './testing/unpacker';

// The CPU's dequantisers, which have the values of ggml, are the oracle of the kernels' ones, which run here on the host.

let folder: string;
/** With the kernels' text. */
let kernels: string;
const unpackers = new Map<QuantFormat, Unpacker>();

/** Runs `work` on each, as many at once as there are cores. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-quant-'));
  kernels = (await hipBuild()).KERNELS_FOLDER;
  await inParallel(QUANT_FORMATS, async (format) => {
    unpackers.set(format, await compileUnpacker(format, join(folder, `${format.module}.so`), kernels));
  });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An odd number of blocks where these are units: the side plane ends in the middle of a word. */
function blocksOf(format: QuantFormat): Uint8Array<ArrayBuffer> {
  return sampleBlocks(format, format.blockElements === 1 ? 32 * 67 : 67, new Random(301).draw);
}

/** Blocks of any bits, of which Python's `gguf` has given the values too: infinite, subnormal and no numbers among them. */
function rawBlocksOf(format: QuantFormat): Uint8Array {
  const text = readFileSync(`test/fixtures/quant/${format.type}.json`, 'utf8');
  const { raw } = JSON.parse(text) as { raw: { bytes: string } };
  return Uint8Array.from(Buffer.from(raw.bytes, 'hex'));
}

/** The first weight that is not the very one; a zero has no sign. */
function firstWrong(actual: Float32Array, expected: Float32Array): string | null {
  const at = expected.findIndex((value, i) => !Object.is(value + 0, (actual[i] ?? 1) + 0));
  return at < 0 ? null : `[${at}] is ${actual[at]}, not ${expected[at]}`;
}

/** What is wrong with each way to the weights, by its name. */
function mistakesOf(format: QuantFormat, unpack: Unpacker): string[] {
  const found: string[] = [];
  const compare = (way: string, actual: Float32Array, expected: Float32Array): void => {
    const wrong = firstWrong(actual, expected);
    if (wrong !== null) found.push(`${way}: ${wrong}`);
  };
  for (const [kind, blocks] of [['sample', blocksOf(format)] as const, ['raw', rawBlocksOf(format)] as const]) {
    const expected = dequantize(format, blocks);
    const { single, grouped, fromBytes } = unpack(blocks);
    compare(`dequant32 of ${kind} blocks`, single, expected);
    compare(`dequant_unit of ${kind} blocks`, grouped, expected);
    // Scales that are infinite or no numbers make other ones of bytes.
    if (fromBytes !== null && kind === 'sample') compare(`byte_unit of ${kind} blocks`, fromBytes, expected);
  }
  return found;
}

describe.each(QUANT_FORMATS.map((format) => [format.type, format] as const))('%s', (_type, format) => {
  it('gives the very values', () => {
    const unpack = unpackers.get(format);
    expect(unpack && mistakesOf(format, unpack)).toEqual([]);
  });
});

describe('is no test that passes everything: it notices', () => {
  it.each(QUANT_MISTAKES.map((mistake) => [mistake.format.type, mistake.about, mistake] as const))(
    '%s: %s',
    async (_type, _about, mistake) => {
      const copy = await mkdtemp(join(folder, 'mistake-'));
      const changed = join(copy, 'kernels');
      await cp(kernels, changed, { recursive: true });
      await cp(join(kernels, '../sim/kernel-abi.h'), join(copy, 'sim/kernel-abi.h'));
      const file = join(changed, mistake.file);
      const parts = (await readFile(file, 'utf8')).split(mistake.from);
      expect(parts).toHaveLength(2);
      await writeFile(file, parts.join(mistake.to));
      const unpack = await compileUnpacker(mistake.format, join(copy, 'mistake.so'), changed);
      const ways = mistakesOf(mistake.format, unpack).map((text) => text.split(' ')[0]);
      expect(new Set(ways)).toEqual(new Set(mistake.ways));
    },
  );
});
