import { expect, it } from 'vitest';
import { choiceOfUpstream, keepChoice, startHere } from './upstream-choice';

const url = new URL('https://page.example/');
const other = { reference: 'https://x.example/x.gguf', name: 'x.gguf', local: false };

function storage(): () => Storage {
  const kept = new Map<string, string>();
  const fake = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  return () => fake as unknown as Storage;
}

it('a model of another server is there at the next visit, until another one is chosen', () => {
  const local = storage();
  keepChoice(local, choiceOfUpstream('large'));
  expect(startHere(url, local, true)).toEqual({
    choice: { reference: 'large', name: 'large', local: true, device: 'bridge' },
    autoload: true,
  });
  keepChoice(local, other);
  expect(startHere(url, local, true).choice.device).toBeUndefined();
});

it('but not where nobody is paired, an address asks for another one, or nothing is kept', () => {
  const local = storage();
  keepChoice(local, choiceOfUpstream('large'));
  expect(startHere(url, local, false).choice.device).toBeUndefined();
  expect(startHere(new URL('?model=/x.gguf', url), local, true).choice.name).toBe('x.gguf');
  expect(startHere(new URL('?autoload=0', url), local, true)).toMatchObject({
    autoload: false,
    choice: { name: 'large' },
  });
  const blocked = (): Storage => {
    throw new DOMException('blocked', 'SecurityError');
  };
  keepChoice(blocked, choiceOfUpstream('large'));
  expect(startHere(url, blocked, true).choice.device).toBeUndefined();
});
