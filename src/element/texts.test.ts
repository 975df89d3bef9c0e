import { afterEach, describe, expect, it, vi } from 'vitest';
import { formatBytes } from '../base/units';
import { ERROR_CATALOGUE } from '../base/error-catalogue';
import { formatDuration, formatRate } from './format';
import { ERROR_TEXT, TEXT } from './messages';
import { numbersOf } from './numbers';
import { onTexts, useTexts, type PartialTexts } from './texts';

afterEach(() => useTexts({}));

describe('texts of another language', () => {
  it('take the place of the English ones; what they leave out is English', () => {
    const { composer } = TEXT;
    useTexts({ lang: 'de', empty: 'Schreiben Sie unten.', composer: { send: 'Senden' } });
    expect([TEXT.lang, TEXT.empty, TEXT.composer.send, TEXT.composer.stop]).toEqual([
      'de',
      'Schreiben Sie unten.',
      'Senden',
      'Stop',
    ]);
    // The page, and whoever shows texts, holds the group.
    expect(TEXT.composer).toBe(composer);
    useTexts({ composer: { stop: 'Arrêter' } });
    expect([TEXT.lang, TEXT.composer.send, TEXT.composer.stop]).toEqual(['en', 'Send', 'Arrêter']);
  });

  it('have errors too, and the catalogue stays what it is', () => {
    const { title } = ERROR_CATALOGUE.network;
    useTexts({ errors: { network: { title: 'Kein Netz', advice: 'Später noch einmal.' } } });
    expect(ERROR_TEXT.network.title).toBe('Kein Netz');
    expect(ERROR_CATALOGUE.network.title).toBe(title);
    useTexts({});
    expect(ERROR_TEXT.network.title).toBe(title);
  });

  it.each([
    [{ nothing: {} }, 'texts.nothing is no text'],
    [{ composer: { sned: 'Senden' } }, 'texts.composer.sned is no text'],
    [{ composer: { send: 7 } }, 'texts.composer.send must be a string'],
    [{ progress: { percent: '%' } }, 'texts.progress.percent must be a function'],
    [{ toString: 'x' }, 'texts.toString'],
  ])('are refused whole where one is none: %o', (texts, message) => {
    const given = { empty: 'Leer', ...texts } as unknown as PartialTexts;
    expect(() => useTexts(given)).toThrow(message);
    expect(TEXT.empty).toBe('Write below to begin.');
  });

  it('are told to who shows them', () => {
    const listener = vi.fn<() => void>();
    const forget = onTexts(listener);
    useTexts({ empty: 'Leer' });
    forget();
    useTexts({});
    expect(listener).toHaveBeenCalledTimes(1);
  });
});

describe('numbers', () => {
  it('are written in the language that is asked for, else in that of the texts', () => {
    expect(formatBytes(98_362_432, numbersOf('de'))).toBe('98,4 MB');
    expect(formatDuration(1240, numbersOf('fr'))).toBe('1,2 s');
    expect(formatDuration(1000, numbersOf('fr'))).toBe('1 s');
    expect(formatRate(0.934, numbersOf('de'))).toBe('0,93');
    expect(formatBytes(98_362_432, numbersOf(''))).toBe('98.4 MB');
    useTexts({ lang: 'de' });
    expect(formatBytes(98_362_432, numbersOf(''))).toBe('98,4 MB');
  });

  it('are English where the language is none', () => {
    expect(formatBytes(98_362_432, numbersOf('no language!'))).toBe('98.4 MB');
  });
});
