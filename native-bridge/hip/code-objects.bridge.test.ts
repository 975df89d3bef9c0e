import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hipCheck } from '../sim/testing/build-scripts';
import { installedCodeObjects } from './code-objects';

const check = await hipCheck();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-code-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What is not as it was published where gfx1100/core is made of this text. */
async function problemsOf(text: string): Promise<readonly string[]> {
  return await check.compareObjects([{ target: 'gfx1100', unit: 'core' }], new AbortController().signal, text);
}

// The manifest says what is in all of them, and kernel-table.test.ts holds that. The suite `objects` of `npm test` makes them anew and compares them.
describe('code objects', () => {
  it('of other kernels are noticed: what is in them', async () => {
    const text = `#include "prelude.h"
      #define ARGUMENTS OUT(u32) y
      #define PASSED y
      FN void run(ARGUMENTS) { y[0] = 1u; }
      KERNEL(another, run)`;
    expect(await problemsOf(text)).toEqual([
      'gfx1100/core has another hash than in native-bridge/kernels/manifest.json',
      expect.stringMatching(
        /^gfx1100\/core has kernels \{"another":"64 threads: 1 buffers"\}, by the manifest \{"activation":/,
      ),
    ]);
  });

  it('with arrays that are no registers are noticed', async () => {
    const text = `#include "prelude.h"
      #define ARGUMENTS OUT(u32) y, u32 at
      #define PASSED y, at
      FN void run(ARGUMENTS) {
        u32 words[64];
        for (u32 i = 0; i < 64; i++) words[i] = y[i] * i;
        y[0] = words[y[at] & 63u] + words[at & 63u];
      }
      KERNEL(spilling, run)`;
    expect((await problemsOf(text)).join()).toMatch(/spilling has \d+ bytes of private memory.*uses scratch_/);
  });
});

describe('the code objects of an installation', () => {
  const bytes = new TextEncoder().encode('a code object');

  async function installation(content: Uint8Array): Promise<string> {
    const place = await mkdtemp(join(folder, 'installed-'));
    const hash = createHash('sha256').update(bytes).digest('hex');
    await mkdir(join(place, 'hip/gfx1100'), { recursive: true });
    await writeFile(join(place, 'hip/gfx1100/core.co.br'), await promisify(brotliCompress)(content));
    await writeFile(join(place, 'hip/manifest.json'), JSON.stringify({ objects: { gfx1100: { core: hash } } }));
    return place;
  }

  it('are those of the manifest', async () => {
    const place = await installation(bytes);
    const objects = await installedCodeObjects({}, place);
    expect(objects.targets).toEqual(['gfx1100']);
    expect(await objects.load('gfx1100', objects.nameOf('core', 'rmsnorm'))).toEqual(Buffer.from(bytes));
    await expect(objects.load('gfx1100', 'q8_0')).rejects.toMatchObject({
      code: 'missing-feature',
      message: expect.stringMatching(/\(q8_0\) are not in this .*: node scripts\/hip\.mjs gfx1100$/) as string,
    });
    const elsewhere = await installedCodeObjects({ FORGELIGHT_HIP_KERNELS: join(place, 'hip') }, '/nowhere');
    expect(elsewhere.build).toBe(objects.build);
  });

  it('are none where there is no folder, and refused where they were changed', async () => {
    expect((await installedCodeObjects({}, '/nowhere')).targets).toEqual([]);
    const objects = await installedCodeObjects({}, await installation(new TextEncoder().encode('another')));
    await expect(objects.load('gfx1100', 'core')).rejects.toThrow('is not what was built');
  });
});
