import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeShareLink, parseShareLink, placeOf } from './share-link';

const HASH = 'ab'.repeat(32);
/** What addresses and texts are taken apart by, and what should not be in them. */
const HOSTILE = [
  'a',
  'b.gguf',
  '/',
  ':',
  '@',
  '#',
  '&',
  '=',
  '%',
  '%2',
  '%00',
  '+',
  '..',
  '?',
  '[',
  '\\',
  ' ',
  '\n',
  '\0',
  '\u202e',
  'é',
  '😀',
  '\ud800',
];
const PAGE = 'https://page.example/chat/?model=x#old';
const choice = (reference: string) => ({ reference, name: 'x', local: false });

const modelOf = (reference: string) => {
  const parsed = parseShareLink(`#${new URLSearchParams({ m: reference }).toString()}`);
  return parsed.kind === 'offer' ? parsed.link.model : parsed.kind;
};

describe('a link', () => {
  it('brings a model and a system prompt, and no more', () => {
    expect(parseShareLink('#m=hf%3Aowner%2Frepo%3AQ4_K_M&sys=Be+brief.%0ABe%20kind.&q=Hello&autoload=1')).toEqual({
      kind: 'offer',
      link: {
        model: { reference: 'hf:owner/repo:Q4_K_M', name: 'repo:Q4_K_M', local: false },
        system: 'Be brief.\nBe kind.',
      },
    });
  });

  it('may bring a system prompt alone', () => {
    expect(parseShareLink('#sys=Hi')).toEqual({ kind: 'offer', link: { model: null, system: 'Hi' } });
  });

  it.each(['', '#', '#section', '#q=Hello', '#m=', '#sys=%20', '#xm=hf:a/b:c'])('%j is none of ours', (hash) => {
    expect(parseShareLink(hash)).toEqual({ kind: 'none' });
  });

  it.each(['https://example.org/a.gguf', 'hf:owner/repo/file.gguf', 'hf:owner/repo:Q4_K_M', `sha256:${HASH}`])(
    'may name %s',
    (reference) => {
      expect(modelOf(reference)).toMatchObject({ reference });
    },
  );

  it.each([
    'http://example.org/a.gguf',
    'http://localhost:8080/a.gguf',
    'javascript:alert(1)',
    'data:text/plain,x',
    'blob:https://example.org/x',
    'file:///etc/passwd',
    '/models/a.gguf',
    'https://huggingface.co@evil.example/a.gguf',
    'https://user:secret@example.org/a.gguf',
    'https://exam ple.org/a.gguf',
    'https://',
    'hf:owner',
    'hf:owner/repo/../../x.gguf\u202e',
    'sha256:abc',
    `sha256:${HASH}00`,
    `https://example.org/${'a'.repeat(2000)}.gguf`,
  ])('may not name %s', (reference) => {
    expect(modelOf(reference)).toBe('refused');
  });

  it('that is too long is refused', () => {
    expect(parseShareLink(`#sys=${'a'.repeat(8001)}`)).toMatchObject({ kind: 'refused' });
    expect(parseShareLink(`#sys=a&x=${'a'.repeat(100_000)}`)).toMatchObject({ kind: 'refused' });
  });

  it('cannot hide what it says', () => {
    const hidden = `Be\u202ekind\u200b.\u0007${String.fromCodePoint(0xe0041)}`;
    expect(parseShareLink(`#sys=${encodeURIComponent(hidden)}`)).toMatchObject({ link: { system: 'Bekind.' } });
  });

  const unseenCodes =
    'ad 34f 61c 115f 1160 17b4 17b5 180b 180d 180e 200b 2028 2029 2064 3164 fe00 fe0e fe0f ffa0 fff9 1d173 e0001 e0041 e0100 e01ef e0fff';
  it.each(unseenCodes.split(' '))('cannot carry U+%s, which nobody sees', (code) => {
    const unseen = String.fromCodePoint(Number.parseInt(code, 16));
    expect(parseShareLink(`#sys=${encodeURIComponent(`a${unseen}b`)}`)).toMatchObject({ link: { system: 'ab' } });
    expect(modelOf(`https://a.example/${unseen}x.gguf`)).toBe('refused');
    expect(modelOf(`hf:owner/repo/${unseen}x.gguf`)).toBe('refused');
  });

  it.each(['❤️ 1️⃣', '👩‍🚀', 'می‌خواهم', 'क्‍ष'])('leaves what joins the letters of %s', (text) => {
    expect(parseShareLink(`#sys=${encodeURIComponent(text)}`)).toMatchObject({ link: { system: text } });
  });

  it('takes what cannot be seen out of the name of a model too', () => {
    expect(modelOf('hf:owner/repo/a%07b.gguf')).toMatchObject({ name: 'ab.gguf' });
  });

  it('may write hf: in capitals, which mean the same', () => {
    expect(modelOf('HF:owner/repo:Q4_K_M')).toMatchObject({ reference: 'hf:owner/repo:Q4_K_M' });
  });

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...HOSTILE), maxLength: 60 }),
        fc.constantFrom('#m=', '#sys=', '#m=hf:', '#m=https://', '#'),
        (text, start) => {
          const parsed = parseShareLink(start + text);
          expect(['none', 'refused', 'offer']).toContain(parsed.kind);
          if (parsed.kind === 'offer' && parsed.link.model !== null) placeOf(parsed.link.model.reference);
        },
      ),
      { seed: 1, numRuns: 400 },
    );
  });
});

describe('making a link', () => {
  it('comes back as it was sent', () => {
    const references = ['hf:owner/repo:Q4_K_M', 'https://example.org/a%20b+c.gguf?x=1&y=2', `sha256:${HASH}`];
    fc.assert(
      fc.property(
        fc.constantFrom(...references),
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        (reference, text) => {
          const made = makeShareLink(PAGE, choice(reference), text);
          if (!made.ok) expect.fail(made.problem);
          const url = new URL(made.url);
          expect(url.search).toBe('');
          const parsed = parseShareLink(url.hash);
          // What cannot be seen does not travel.
          const once = parseShareLink(`#${new URLSearchParams({ m: reference, sys: text }).toString()}`);
          expect(parsed).toEqual(once);
          expect(parsed).toMatchObject({ kind: 'offer', link: { model: { reference } } });
        },
      ),
      { seed: 1 },
    );
  });

  it('to what this browser keeps leads to where it came from, if others can reach that', () => {
    const kept = (...addresses: string[]) => {
      const made = makeShareLink(PAGE, { reference: `sha256:${HASH}`, name: 'a.gguf', local: true, addresses }, '');
      return made.ok ? new URLSearchParams(new URL(made.url).hash.slice(1)).get('m') : made.problem;
    };
    const served = 'http://localhost:5173/models/a.gguf';
    expect(kept('https://a.example/a.gguf')).toBe('https://a.example/a.gguf');
    expect(kept(served, 'https://localhost/a.gguf', 'hf:owner/repo/a.gguf')).toBe('hf:owner/repo/a.gguf');
    expect(kept()).toMatch(/cannot reach/);
    expect(kept('part:ab', served)).toMatch(/cannot reach/);
    expect(makeShareLink(PAGE, choice(`sha256:${HASH}`), '')).toMatchObject({
      ok: true,
      note: expect.stringMatching(/by its hash/),
    });
  });

  it('leaves what others cannot reach, and says so', () => {
    const file = new File([], 'a.gguf');
    expect(makeShareLink(PAGE, { reference: file, name: 'a.gguf', local: true }, '')).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/^a\.gguf is a file on this computer/),
    });
    const served = { reference: 'http://127.0.0.1:5173/models/a.gguf', name: 'a.gguf', local: true };
    expect(makeShareLink(PAGE, served, '')).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/cannot reach/),
    });
    expect(makeShareLink(PAGE, choice('https://a.example/x.gguf'), 'a'.repeat(8001))).toMatchObject({ ok: false });
    expect(makeShareLink(PAGE, choice('https://u:p@a.example/x.gguf'), '')).toMatchObject({ ok: false });
  });
});

it('a person judges a link by where it leads', () => {
  expect(placeOf('https://a.example:8443/x.gguf')).toBe('a.example:8443/x.gguf');
  expect(placeOf('https://huggingface.co.evil.example/x.gguf')).toBe('huggingface.co.evil.example/x.gguf');
  expect(placeOf('https://huggingface.co/anyone/repo/resolve/main/x.gguf?download=true')).toBe(
    'huggingface.co/anyone/repo/resolve/main/x.gguf',
  );
  expect(placeOf('hf:owner/repo:Q4_K_M')).toBe('Hugging Face, owner/repo');
  expect(placeOf(`sha256:${HASH}`)).toMatch(/must keep already/);
});
