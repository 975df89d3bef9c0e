import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeZip } from '../testing/make-zip.mjs';
import { useTempFolder } from '../testing/temp-folder.mjs';
import { appendEntry } from './zip.mjs';

const inFolder = useTempFolder();
const TEXT = Buffer.from('forge '.repeat(50_000));

/** @param {Buffer} archive @param {string} name */
async function extract(archive, name) {
  writeFileSync(inFolder('a.zip'), archive);
  await appendEntry(inFolder('a.zip'), name, inFolder('out'));
  return readFileSync(inFolder('out'));
}

describe('appendEntry', () => {
  it.each([false, true])('reads the named entry of several (stored: %s)', async (store) => {
    const entries = [
      { name: 'first.txt', data: Buffer.from('no') },
      { name: 'data/second.bin', data: TEXT, store },
      { name: 'empty', data: Buffer.alloc(0), store },
    ];
    expect((await extract(makeZip(entries), 'empty')).length).toBe(0);
    expect((await extract(makeZip(entries, 'a comment'), 'data/second.bin')).equals(TEXT)).toBe(true);
  });

  it('appends to what is there', async () => {
    writeFileSync(inFolder('out'), 'before ');
    expect((await extract(makeZip([{ name: 'a', data: TEXT }]), 'a')).toString()).toBe(`before ${TEXT.toString()}`);
  });

  it('says when the entry is missing', async () => {
    await expect(extract(makeZip([{ name: 'a', data: TEXT }]), 'b')).rejects.toThrow('the archive has no b');
  });

  it('refuses bytes that are not those of the checksum', async () => {
    await expect(extract(makeZip([{ name: 'a', data: TEXT, crc: 7 }]), 'a')).rejects.toThrow('a is damaged');
  });

  it('stops at the length that the archive says', async () => {
    await expect(extract(makeZip([{ name: 'a', data: TEXT, declaredBytes: 9 }]), 'a')).rejects.toThrow('longer');
  });

  it('refuses an archive that is cut off, wherever', async () => {
    const archive = makeZip([{ name: 'a', data: Buffer.from('some text that is packed') }]);
    for (let length = 0; length < archive.length; length++) {
      await expect(extract(archive.subarray(0, length), 'a'), `cut at ${length}`).rejects.toThrow(
        /not a ZIP archive|not a readable/,
      );
    }
  });
});
