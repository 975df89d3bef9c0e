import { describe, expect, it } from 'vitest';
import { choiceOfFile, choiceOfFiles, parseAddress, repositoryOf, startOf } from './model-choice';

describe('parseAddress', () => {
  it.each([
    ['https://example.org/models/a%20b.gguf?download=true', 'a b.gguf', false],
    [' hf:owner/repo/file.gguf ', 'file.gguf', false],
    ['hf:owner/repo/folder/file.GGUF', 'file.GGUF', false],
    ['hf:owner/repo:Q4_K_M', 'repo:Q4_K_M', false],
    ['http://127.0.0.1:8788/x.gguf', 'x.gguf', true],
    ['http://localhost/x.gguf', 'x.gguf', true],
    ['https://example.org/100%.gguf', '100%.gguf', false],
  ])('%s', (address, name, local) => {
    expect(parseAddress(address)).toMatchObject({ ok: true, choice: { name, local } });
  });

  it('hands the scheme on as the engine reads it', () => {
    expect(parseAddress('Hf:Owner/repo:Q4_K_M')).toMatchObject({ choice: { reference: 'hf:Owner/repo:Q4_K_M' } });
    expect(repositoryOf('HF:Owner/repo/')).toBe('hf:Owner/repo');
  });

  it.each([
    '',
    '   ',
    'model.gguf',
    'hf:owner/file.gguf',
    'hf:owner/repo:',
    'hf:owner/repo',
    'http://example.org/x.gguf',
    'https://',
    'javascript:alert(1)',
    'file:///x.gguf',
  ])('refuses %j with a reason', (address) => {
    const parsed = parseAddress(address);
    expect(parsed.ok).toBe(false);
    expect(parsed).toHaveProperty('problem', expect.stringMatching(/\.$/));
  });
});

describe('startOf', () => {
  const start = (search: string): ReturnType<typeof startOf> => startOf(new URL(`http://127.0.0.1:5000/${search}`));

  it('loads the default model of the page’s own server', () => {
    expect(start('')).toMatchObject({
      autoload: true,
      choice: {
        reference: 'http://127.0.0.1:5000/models/SmolLM2-135M-Instruct.Q4_1.gguf',
        local: true,
        sizeBytes: 98_362_432,
      },
    });
  });

  it('does not load by itself when told so', () => {
    expect(start('?autoload=0').autoload).toBe(false);
  });

  it.each(['/fixtures/x.gguf', 'http://127.0.0.1:5000/fixtures/x.gguf', 'http://localhost:1234/x.gguf'])(
    'loads %s by itself',
    (model) => {
      expect(start(`?model=${encodeURIComponent(model)}`)).toMatchObject({
        autoload: true,
        choice: { name: 'x.gguf' },
      });
    },
  );

  it.each(['https://example.org/x.gguf', 'hf:owner/repo/x.gguf'])('offers %s, but waits for a click', (model) => {
    expect(start(`?model=${encodeURIComponent(model)}`)).toMatchObject({
      autoload: false,
      choice: { name: 'x.gguf', reference: model },
    });
  });

  it.each(['//example.org/x.gguf', 'javascript:alert(1)', 'blob:https://example.org/1'])('never loads %s', (model) => {
    expect(start(`?model=${encodeURIComponent(model)}`).autoload).toBe(false);
  });
});

describe('choiceOfFile', () => {
  it('takes name and size', () => {
    const file = new File(['abc'], 'my.gguf');
    expect(choiceOfFile(file)).toEqual({ reference: file, name: 'my.gguf', local: true, sizeBytes: 3 });
  });
});

describe('choiceOfFiles', () => {
  const [one, two] = [new File(['abc'], 'm-00001-of-00002.gguf'), new File(['de'], 'm-00002-of-00002.gguf')] as const;

  it('takes the parts of a model together', () => {
    expect(choiceOfFiles([one, two])).toEqual({ reference: [one, two], name: one.name, local: true, sizeBytes: 5 });
    expect(choiceOfFiles([two])).toEqual(choiceOfFile(two));
    expect(choiceOfFiles([])).toBeNull();
  });
});
