import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { ScriptedServer } from '../../test/support/scripted-server';
import { modelSource } from './open-model';

const base = 'http://192.168.0.7:8080/chat/index.html';

const server = new ScriptedServer(new Uint8Array(1));
const options = { clock: new FakeClock(), random: () => 0, stallMs: 1, fetch: server.fetch };

function labelOf(reference: string | Blob, baseUrl?: string): string {
  return modelSource(reference, baseUrl === undefined ? options : { ...options, baseUrl }).label;
}

describe('modelSource', () => {
  it.each([
    ['https://host/x.gguf', 'https://host/x.gguf'],
    ['http://localhost:8080/x.gguf', 'http://localhost:8080/x.gguf'],
    ['http://127.0.0.1:8080/x.gguf', 'http://127.0.0.1:8080/x.gguf'],
    ['http://[::1]/x.gguf', 'http://[::1]/x.gguf'],
    ['hf:owner/repo/file.gguf', 'https://huggingface.co/owner/repo/resolve/main/file.gguf'],
    [
      'hf:o-1/r.2_x/sub dir/Ünï#?.GGUF',
      'https://huggingface.co/o-1/r.2_x/resolve/main/sub%20dir/%C3%9Cn%C3%AF%23%3F.GGUF',
    ],
    ['hf:owner/repo:Q4_K_M', 'hf:owner/repo:Q4_K_M'],
    ['hf:owner/repo', 'hf:owner/repo'],
    ['https://host/a/m-00002-of-00003.gguf?x=1', 'https://host/a/m-00002-of-00003.gguf?x=1'],
  ])('takes %s', (reference, address) => {
    expect(labelOf(reference)).toBe(address);
  });

  it.each([
    ['/models/x.gguf', 'http://192.168.0.7:8080/models/x.gguf'],
    ['./x.gguf', 'http://192.168.0.7:8080/chat/x.gguf'],
    ['../x.gguf', 'http://192.168.0.7:8080/x.gguf'],
    ['http://192.168.0.7:8080/x.gguf', 'http://192.168.0.7:8080/x.gguf'],
  ])('takes %s of the page’s own server', (reference, address) => {
    expect(labelOf(reference, base)).toBe(address);
  });

  it.each([
    ['http://host/x.gguf', /not safe.*https/],
    ['http://127.evil.com/x.gguf', /not safe/],
    ['http://192.168.0.7/x.gguf', /not safe/],
    ['//host/x.gguf', /not safe/],
    ['https://user:secret@host/x.gguf', /password/],
    ['https://', /not a valid address/],
    ['gpt-4', /must be an https address/],
    ['x.gguf', /a path that begins with \.\/ or \//],
    ['', /must be an https address/],
    ['ftp://host/x.gguf', /must be an https address/],
    ['file:///x.gguf', /must be an https address/],
    [`sha256:${'a'.repeat(64)}`, /in the store is read by an engine of this origin/],
    ['sha256:abc', /64 hex digits/],
    ['hf:owner/repo:', /"" is not the name of a quantisation/],
    ['hf:owner/repo:Q4 K', /"Q4 K" is not the name of a quantisation/],
    ['hf:owner/repo:Q4:K', /"Q4:K" is not the name of a quantisation/],
    ['hf:owner/repo:Q4_K_M/x.gguf', /"repo:Q4_K_M" is not the name of a repository/],
    ['hf:owner/repo/readme.md', /names no \.gguf file/],
    ['hf:owner', /"" is not the name of a repository/],
    ['hf:', /"" is not the name of an owner/],
    ['hf:ow ner/repo/x.gguf', /"ow ner" is not the name of an owner/],
    ['hf:owner/../x.gguf', /"\.\." is not the name of a repository/],
    ['hf:owner/a..b/x.gguf', /"a\.\.b" is not the name of a repository/],
    ['hf:owner/repo/../../x.gguf', /empty or relative part/],
    ['hf:owner/repo//x.gguf', /empty or relative part/],
  ])('refuses %s by name', (reference, message) => {
    const failure = { code: 'invalid-request', param: 'model', message: expect.stringMatching(message) };
    expect(() => labelOf(reference, base)).toThrow(expect.objectContaining(failure));
  });

  it('needs a page for a path, and keeps a password out of its message', () => {
    expect(() => labelOf('/x.gguf')).toThrow(/a path needs a page/);
    expect(() => labelOf('https://user:secret@host/x.gguf')).not.toThrow(/secret/);
  });

  it('takes files and blobs', () => {
    expect(labelOf(new File([], 'my.gguf'))).toBe('my.gguf');
    expect(labelOf(new Blob([]))).toBe('model.gguf');
  });

  it('asks for all parts of a split model beside the one that is named', () => {
    const asked: string[] = [];
    modelSource('https://host/a/m-00002-of-00003.gguf?x=1', {
      ...options,
      wrapFile: (source) => {
        asked.push(source.label);
        return source;
      },
    });
    expect(asked).toEqual([1, 2, 3].map((part) => `https://host/a/m-0000${part}-of-00003.gguf?x=1`));
  });

  it('takes mirrors only of an address, and with a hash', () => {
    const mirrors = ['https://other/x.gguf', 'hf:owner/repo/x.gguf'];
    const sha256 = 'a'.repeat(64);
    expect(modelSource('https://host/x.gguf', { ...options, mirrors, sha256 }).label).toBe('https://host/x.gguf');
    expect(modelSource(new Blob([]), { ...options, mirrors: [] }).label).toBe('model.gguf');
    const refused = (message: RegExp) =>
      expect.objectContaining({
        code: 'invalid-request',
        param: 'mirrors',
        message: expect.stringMatching(message),
      });
    expect(() => modelSource('https://host/x.gguf', { ...options, mirrors })).toThrow(refused(/sha256 is missing/));
    expect(() => modelSource(new Blob([]), { ...options, mirrors, sha256 })).toThrow(refused(/nothing to mirror/));
    expect(() => modelSource('https://host/x.gguf', { ...options, mirrors: ['ftp://x/y.gguf'], sha256 })).toThrow(
      /ftp:\/\/x\/y.gguf.*cannot be used/,
    );
  });
});
