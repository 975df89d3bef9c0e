import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChatBody } from '../protocol/request-schema';
import {
  DEFAULT_SETTINGS,
  parseSettings,
  PRESETS,
  presetOf,
  SAMPLING_NAMES,
  withPreset,
  type Sampling,
} from './chat-settings';
import { readSetting } from './read-setting';

const body = (sampling: object): object => ({ messages: [{ role: 'user', content: 'x' }], ...sampling });
const isTaken = (sampling: object): boolean => {
  try {
    parseChatBody(body(sampling));
    return true;
  } catch {
    return false;
  }
};

describe('a setting that is typed', () => {
  it.each([
    ['temperature', '0.7', 0.7],
    ['temperature', ' 1,25 ', 1.25],
    ['top_k', '', undefined],
    ['seed', '4294967295', 4_294_967_295],
    ['max_tokens', '1,000', 1000],
    ['max_tokens', '2.000', 2000],
    ['seed', '1 234 567', 1_234_567],
    ['seed', '1\u202f234\u202f567', 1_234_567],
    ['seed', "1'234'567", 1_234_567],
  ] as const)('%s %j is %j', (name, text, value) => {
    expect(readSetting(name, text)).toEqual({ ok: true, value });
  });

  it.each([
    ['temperature', '2.1', 'A number from 0 to 2.'],
    ['temperature', 'warm', 'A number from 0 to 2.'],
    ['top_k', '1.5', 'A whole number from 0 to 2,147,483,647.'],
    ['top_k', '1,5', 'A whole number from 0 to 2,147,483,647.'],
    ['top_k', '1.0', 'A whole number from 0 to 2,147,483,647.'],
    ['top_k', '0.500', 'A whole number from 0 to 2,147,483,647.'],
    ['top_k', '1,000.5', 'A whole number from 0 to 2,147,483,647.'],
    ['top_k', '1,234.567', 'A whole number from 0 to 2,147,483,647.'],
    ['top_k', '10,00', 'A whole number from 0 to 2,147,483,647.'],
    ['repeat_penalty', '0', 'A number from 0.01 to 100.'],
    ['presence_penalty', '1,2,3', 'A number from -2 to 2.'],
  ] as const)('%s %j is none: %s', (name, text, problem) => {
    expect(readSetting(name, text)).toEqual({ ok: false, problem });
  });

  it('is taken exactly when the engine takes it', () => {
    const values = fc.oneof(fc.double(), fc.integer({ min: -3, max: 101 }), fc.maxSafeInteger(), fc.constant(2 ** 32));
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLING_NAMES), values, (name, value) => {
        expect(readSetting(name, String(value)).ok).toBe(isTaken({ [name]: value }));
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

describe('settings out of storage', () => {
  it('come back as they were', () => {
    const settings = { system: 'Be brief.', sampling: { temperature: 0, top_k: 20, seed: 7 } };
    expect(parseSettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
  });

  it.each([[null], [undefined], [7], ['x'], [[]], [{ system: 3, sampling: 'hot' }]])(
    'of %j are the default',
    (input) => {
      expect(parseSettings(input)).toEqual(DEFAULT_SETTINGS);
    },
  );

  it('lose what is wrong, and nothing else', () => {
    const sampling = { temperature: 3, top_p: 0.5, top_k: '40', min_p: Number.NaN, other: 1, __proto__: { seed: 2.5 } };
    expect(parseSettings({ system: 'x', sampling })).toEqual({ system: 'x', sampling: { top_p: 0.5 } });
  });

  it('are always something that the engine takes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...SAMPLING_NAMES), fc.oneof(fc.double(), fc.integer())), (sampling) =>
        isTaken(parseSettings({ sampling }).sampling),
      ),
      { seed: 12, numRuns: 300 },
    );
  });
});

describe('presets', () => {
  it.each(Object.entries(PRESETS))('%s is one the engine takes, and is known again', (name, sampling) => {
    expect(isTaken(sampling)).toBe(true);
    expect(presetOf(sampling)).toBe(name);
  });

  it('leave length and seed alone', () => {
    const own: Sampling = { max_tokens: 100, seed: 7, top_p: 0.3 };
    expect(presetOf(own)).toBeNull();
    expect(withPreset(own, 'exact')).toEqual({ temperature: 0, max_tokens: 100, seed: 7 });
    expect(presetOf({ max_tokens: 100, seed: 7 })).toBe('balanced');
  });
});
