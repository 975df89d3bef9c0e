import { expect, it } from 'vitest';
import { matchesModel } from './model-match';

const MODEL = { name: 'Qwen2.5 0.5B Instruct', description: 'For many languages.', licence: 'Apache-2.0' };

it.each([
  ['', true],
  ['  ', true],
  ['qwen', true],
  ['INSTRUCT apache', true],
  ['0.5b languages', true],
  ['qwen gemma', false],
])('%j finds it: %j', (wanted, isFound) => {
  expect(matchesModel(MODEL, wanted)).toBe(isFound);
});
