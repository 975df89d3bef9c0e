import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { AccessBook, GRANT_LIFE_MS } from './access-book';
import { AccessFile } from './access-file';

const PAGE = 'https://a.example';
let folder = '';
let clock = new FakeClock();
const warnings: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-access-'));
  clock = new FakeClock();
  warnings.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

function open(adminKey: string | null = null): Promise<AccessBook> {
  return AccessBook.open(new AccessFile(join(folder, 'state'), (text) => warnings.push(text)), clock, adminKey);
}

describe('the access book', () => {
  it.each([
    `${PAGE}.evil`,
    `${PAGE}:444`,
    `${PAGE}/`,
    'https://b.a.example',
    'http://a.example',
    'HTTPS://A.EXAMPLE',
    '',
  ])('takes no other origin for one that is paired: %j', async (origin) => {
    const book = await open();
    await book.issueToken(PAGE);
    expect([book.isPaired(PAGE), book.isPaired(origin)]).toEqual([true, false]);
    await book.close();
  });

  it('keeps what is granted, hashed, for its user alone, over restarts', async () => {
    const book = await open();
    const { grant, secret } = await book.issueToken(PAGE);
    const { secret: key } = await book.issueKey('editor');
    expect([Buffer.from(secret, 'base64url').length, key.startsWith('fl-')]).toEqual([32, true]);
    const path = join(folder, 'state/access.json');
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(secret);
    expect(text).not.toContain(key.slice(3));
    expect([(await stat(path)).mode & 0o777, (await stat(join(folder, 'state'))).mode & 0o777]).toEqual([0o600, 0o700]);
    await book.close();
    const again = await open();
    expect(again.find(secret)).toEqual(grant);
    expect(again.find(key)).toMatchObject({ kind: 'native', name: 'editor', scope: 'all' });
    expect(grant.scope).toBe('answers');
    expect(again.find(`${secret}x`)).toBeNull();
    expect([again.isPaired(PAGE), again.isPaired('https://b.example')]).toEqual([true, false]);
    await again.close();
  });

  it('takes a grant back at once, also from who holds it', async () => {
    const book = await open();
    const { grant, secret } = await book.issueToken(PAGE);
    const heard: string[] = [];
    book.hold(grant, ({ code }) => heard.push(code));
    book.hold(grant, () => heard.push('let go'))();
    const revoked = book.revoke(grant.id);
    expect([heard, book.find(secret), book.isPaired(PAGE)]).toEqual([['not-paired'], null, false]);
    expect([await revoked, await book.revoke(grant.id)]).toEqual([true, false]);
    expect((await open()).list()).toEqual([]);
  });

  it('ends a grant, and who holds it, when its time is over', async () => {
    const book = await open();
    const { grant, secret } = await book.issueKey('old');
    const heard: string[] = [];
    book.hold(grant, ({ message }) => heard.push(message));
    for (let days = 0; days < 89; days += 1) clock.advance(24 * 3_600_000);
    expect([book.find(secret)?.id, heard]).toEqual([grant.id, []]);
    for (let hours = 0; hours < 24; hours += 1) clock.advance(3_600_000);
    expect(heard).toEqual([expect.stringContaining('expired')]);
    expect([book.find(secret), clock.now() >= GRANT_LIFE_MS]).toEqual([null, true]);
    // What is longer a timer of Node takes for no time at all.
    expect(Math.max(...clock.delays)).toBeLessThan(2 ** 31);
  });

  it('knows the key of this run, and keeps it nowhere', async () => {
    const book = await open('fl-run');
    expect(book.find('fl-run')).toMatchObject({ kind: 'admin' });
    await book.issueKey('x');
    expect(await readFile(join(folder, 'state/access.json'), 'utf8')).not.toContain('admin');
    expect(book.list()).toHaveLength(1);
    await book.close();
  });

  it('puts a file aside that it cannot read, and says so', async () => {
    await (await open()).issueKey('x');
    const path = join(folder, 'state/access.json');
    await writeFile(path, '{"version":1,"grants":[{}]}');
    expect((await open()).list()).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/put aside/)]);
    expect(await readFile(`${path}.unreadable`, 'utf8')).toContain('[{}]');
  });

  it('takes the scope of a grant that was kept without one from its kind', async () => {
    const times = { createdAtMs: 0, expiresAtMs: GRANT_LIFE_MS };
    const grants = [
      { id: '00000001', sha256: '1'.repeat(64), ...times, kind: 'page', origin: PAGE },
      { id: '00000002', sha256: '2'.repeat(64), ...times, kind: 'native', name: 'x' },
    ];
    await mkdir(join(folder, 'state'));
    await writeFile(join(folder, 'state/access.json'), JSON.stringify({ version: 1, grants }));
    const book = await open();
    expect(book.list().map(({ kind, scope }) => [kind, scope])).toEqual([
      ['page', 'answers'],
      ['native', 'all'],
    ]);
    await book.close();
  });
});

it('of two writes at once the last one says what is there, however long the first one takes', async () => {
  const file = new AccessFile(folder, (text) => warnings.push(text));
  const one = { id: '0'.repeat(8), sha256: '0'.repeat(64), createdAtMs: 0, expiresAtMs: 1 };
  const many = Array.from({ length: 20_000 }, () => ({ ...one, kind: 'native', name: 'x', scope: 'all' }) as const);
  await Promise.all([file.write(many), file.write([])]);
  expect(await file.read()).toEqual([]);
});

it('a write that fails is told to who asked for it, and is no reason to leave out the next', async () => {
  const place = join(folder, 'place');
  await writeFile(place, 'in the way');
  const file = new AccessFile(place, (text) => warnings.push(text));
  await expect(file.write([])).rejects.toThrow(/EEXIST|ENOTDIR/);
  await rm(place);
  await file.write([]);
  expect(await readFile(join(place, 'access.json'), 'utf8')).toContain('"grants": []');
});
