import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSampleProduct, sampleMatrix } from '../../test/kernels/format-cases';
import { Random } from '../../test/kernels/random';
import type { Device } from '../../src/device/device';
import { dequantize, type QuantFormat } from '../../src/quant/format';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { openSimulator } from '../sim/testing/open-simulator';
import { QUANT_MISTAKES, type TextChange } from './testing/quant-mistakes';
import { hipBuild } from '../sim/testing/build-scripts';
import { inParallel } from '../sim/testing/in-parallel';
import { compileUnpacker, type Unpacker } from './testing/unpacker';

// The CPU's dequantisers, which have the values of ggml, are the oracle of the kernels' ones, which run here on the host.

let folder: string;
const unpackers = new Map<QuantFormat, Unpacker>();

/** The kernels' text with one change each; gives its folder. */
async function changedKernels(name: string, changes: readonly TextChange[]): Promise<string> {
  const { KERNELS_FOLDER } = await hipBuild();
  const kernels = join(folder, name, 'kernels');
  await cp(KERNELS_FOLDER, kernels, { recursive: true });
  await cp(join(KERNELS_FOLDER, '../sim/kernel-abi.h'), join(folder, name, 'sim/kernel-abi.h'));
  for (const { file, from, to } of changes) {
    const path = join(kernels, file);
    const parts = (await readFile(path, 'utf8')).split(from);
    expect(parts, `${from} in ${file}`).toHaveLength(2);
    await writeFile(path, parts.join(to));
  }
  return kernels;
}

/** Of each kernel the one instance that is for a row at a time: what is compiled is a third then. */
const ONE_INSTANCE: readonly TextChange[] = [
  { file: 'ops/matvec_lanes.hip', from: 'KERNEL(matvec_lanes__4, run<4>)', to: '' },
  { file: 'ops/matvec_lanes.hip', from: 'KERNEL(matvec_lanes__16, run<16>)', to: '' },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-quant-'));
  const kernels = await changedKernels('one-instance', ONE_INSTANCE);
  await inParallel(QUANT_FORMATS, async (format) => {
    const output = join(folder, `${format.module}.so`);
    unpackers.set(format, await compileUnpacker(format, output, kernels, ['matvec_lanes', 'matvec_rows']));
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

describe.each([32, 64] as const)('at %i threads a subgroup', (wave) => {
  let device: Device;
  beforeAll(async () => {
    const load = async (_target: string, unit: string): Promise<Uint8Array> =>
      await readFile(join(folder, `${unit}.so`));
    device = await openSimulator(
      { wave, seed: 7 },
      { build: 'one instance', targets: ['sim'], nameOf: (unit) => unit, load },
    );
  });
  afterAll(() => device.close());

  it.each(QUANT_FORMATS.map((format) => [format.type, format] as const))(
    '%s multiplies a vector',
    async (_type, format) => {
      await checkSampleProduct(device, sampleMatrix(format), ['rows', 'lanes'], null);
    },
  );
});

describe('is no test that passes everything: it notices', () => {
  it.each(QUANT_MISTAKES.map((mistake) => [mistake.format.type, mistake.about, mistake] as const))(
    '%s: %s',
    async (_type, about, mistake) => {
      const kernels = await changedKernels(about, [mistake]);
      const unpack = await compileUnpacker(mistake.format, join(folder, about, 'mistake.so'), kernels);
      const ways = mistakesOf(mistake.format, unpack).map((text) => text.split(' ')[0]);
      expect(new Set(ways)).toEqual(new Set(mistake.ways));
    },
  );
});
