import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { PairingDesk } from './pairing-desk';

const A = 'https://a.example';

function desk() {
  const clock = new FakeClock();
  let [number, made] = [123_455, 0];
  const made1 = new PairingDesk({ clock, randomInt: () => (number += 1), newId: () => `id-${(made += 1)}` });
  return { clock, desk: made1 };
}

const coded = (code: string): object => expect.objectContaining({ code });

describe('the pairing desk', () => {
  it('gives a page six digits, and takes them once, from that page alone', () => {
    const { desk: made } = desk();
    const { id, code } = made.start(A);
    expect([id, code]).toEqual(['id-1', '123-456']);
    expect(() => made.finish(id, code, 'https://b.example')).toThrow(coded('not-paired'));
    made.finish(id, ' 123 456', A);
    expect(() => made.finish(id, code, A)).toThrow(coded('not-paired'));
  });

  it('ends a pairing with the fifth wrong code', () => {
    const { desk: made } = desk();
    const { id, code } = made.start(A);
    for (let tries = 0; tries < 5; tries += 1)
      expect(() => made.finish(id, '000-000', A)).toThrow(coded('bridge-denied'));
    expect(() => made.finish(id, code, A)).toThrow(coded('not-paired'));
  });

  it('ends it after two minutes', () => {
    const { desk: made, clock } = desk();
    const { id, code } = made.start(A);
    clock.advance(119_999);
    expect(made.pending()).toHaveLength(1);
    clock.advance(1);
    expect(made.pending()).toEqual([]);
    expect(() => made.finish(id, code, A)).toThrow(coded('not-paired'));
  });

  it('has four at a time, one an origin', () => {
    const { desk: made } = desk();
    const first = made.start(A);
    for (const name of ['b', 'c', 'd']) made.start(`https://${name}.example`);
    expect(() => made.start('https://e.example')).toThrow(coded('busy'));
    const second = made.start(A);
    expect(made.pending().map(({ id }) => id)).not.toContain(first.id);
    made.finish(second.id, second.code, A);
    made.start('https://e.example');
  });

  it('is begun ten times a minute, so that no page fills the terminal', () => {
    const { desk: made, clock } = desk();
    for (let starts = 0; starts < 10; starts += 1) made.start(A);
    expect(() => made.start(A)).toThrow(coded('busy'));
    clock.advance(60_000);
    made.start(A);
  });

  it('takes twenty wrong codes an hour, however many pairings they are spread over', () => {
    const { desk: made, clock } = desk();
    for (let wrong = 0; wrong < 20; wrong += 1) {
      clock.advance(7_000);
      const { id } = made.start(A);
      expect(() => made.finish(id, '000-000', A)).toThrow(coded('bridge-denied'));
    }
    clock.advance(60_000);
    expect(() => made.start(A)).toThrow(coded('busy'));
    clock.advance(3_600_000);
    const { id, code } = made.start(A);
    made.finish(id, code, A);
  });

  it('takes no code behind the twentieth wrong one, also for pairings that were begun before', () => {
    const { desk: made } = desk();
    const wrong = (id: string, origin: string): void =>
      expect(() => made.finish(id, '000-000', origin)).toThrow(coded('bridge-denied'));
    for (let pairings = 0; pairings < 3; pairings += 1) {
      const { id } = made.start(A);
      for (let tries = 0; tries < 5; tries += 1) wrong(id, A);
    }
    const [first, second] = [made.start(A), made.start('https://b.example')];
    for (let tries = 0; tries < 5; tries += 1) wrong(first.id, A);
    expect(() => made.finish(second.id, second.code, 'https://b.example')).toThrow(coded('busy'));
  });
});
