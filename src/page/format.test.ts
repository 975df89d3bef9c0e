import { describe, expect, it } from 'vitest';
import {
  answerDetails,
  formatDuration,
  formatRate,
  formatTime,
  percentText,
  phaseText,
  progressDetails,
} from './format';
import { TEXT } from './messages';
import { withPiece, type Answer } from '../element/chat-types';

const DOWNLOAD = {
  phase: 'download',
  loaded: 41_300_000,
  total: 98_362_432,
  bytesPerSecond: 12_400_000,
  etaSeconds: 4.6,
  resumed: 0,
} as const;

describe('formatDuration', () => {
  it.each([
    [12, '12 ms'],
    [994, '994 ms'],
    [996, '1 s'],
    [1240, '1.2 s'],
    [9949, '9.9 s'],
    [9960, '10 s'],
    [59_600, '1 min 0 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('%d ms → %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});

describe('formatRate', () => {
  it.each([
    [0.934, '0.93'],
    [14.23, '14.2'],
    [128.4, '128'],
  ])('%d → %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });
});

describe('formatTime', () => {
  it('is the time of day here, to the minute', () => {
    const atMs = new Date(2026, 0, 2, 9, 5, 59).getTime();
    expect(formatTime(atMs)).toMatch(/^0?9.05( AM)?$/);
  });
});

describe('percentText', () => {
  it.each([
    [0, '0 %'],
    [97_999_999, '99 %'],
    [98_362_432, '100 %'],
    [98_400_000, '100 %'],
  ])('%d bytes of 98362432 → %s', (loaded, text) => {
    expect(percentText({ ...DOWNLOAD, loaded })).toBe(text);
  });

  it('is nothing where the size is not known', () => {
    expect(percentText({ ...DOWNLOAD, total: 0 })).toBeNull();
    expect(percentText(null)).toBeNull();
  });
});

describe('progressDetails', () => {
  it('tells bytes, speed and time left', () => {
    expect(progressDetails(DOWNLOAD)).toEqual(['41.3 MB of 98.4 MB', '12.4 MB/s', 'about 5 s left']);
  });

  it('tells only what is known', () => {
    const unknown = { ...DOWNLOAD, total: 0, bytesPerSecond: 0, etaSeconds: null };
    expect(progressDetails(unknown)).toEqual(['41.3 MB so far']);
  });

  it('tells what an earlier download had left', () => {
    expect(progressDetails({ ...DOWNLOAD, resumed: 8_000_000 })).toContain('8.0 MB were already here');
  });

  it('counts steps where there are no bytes', () => {
    const compile = { phase: 'compile', loaded: 3, total: 9, bytesPerSecond: 0, etaSeconds: null, resumed: 0 } as const;
    expect(progressDetails(compile)).toEqual(['3 of 9 steps']);
    expect(progressDetails({ ...compile, total: 0 })).toEqual([]);
  });
});

describe('phaseText', () => {
  it('calls reading from this computer no download', () => {
    expect(phaseText(DOWNLOAD, true)).not.toMatch(/download/i);
    expect(phaseText(DOWNLOAD, false)).toMatch(/download/i);
    expect(phaseText({ ...DOWNLOAD, resumed: DOWNLOAD.total }, false)).toBe(TEXT.progress.readKept);
    expect(phaseText(null, false)).not.toBe('');
  });
});

describe('answerDetails', () => {
  const timings = {
    prompt_n: 31,
    prompt_ms: 1,
    prompt_per_second: 1,
    predicted_n: 64,
    predicted_ms: 1,
    predicted_per_second: 14.2,
    cache_n: 12,
  };
  const answer = (status: Answer['status']): Answer => ({
    role: 'assistant',
    id: 1,
    text: 'x',
    status,
    firstTokenMs: 1200,
  });

  it('has speed, first token and tokens', () => {
    expect(answerDetails(answer({ kind: 'finished', reason: 'stop', timings }))).toEqual([
      '14.2 tokens/s',
      'first token after 1.2 s',
      '64 tokens',
    ]);
  });

  it('says when it was cut', () => {
    expect(answerDetails(answer({ kind: 'finished', reason: 'length', timings }))[0]).toMatch(/limit of tokens/);
  });

  it('claims no speed for a stopped answer', () => {
    expect(answerDetails(answer({ kind: 'stopped' }))).toEqual(['Stopped', 'first token after 1.2 s']);
  });

  it('names what wrote it, in order where it moved', () => {
    const radeon = { kind: 'hip', name: 'AMD Radeon' };
    const gpu = { kind: 'webgpu', name: 'GPU' };
    const moved = [radeon, radeon, gpu, gpu, radeon].reduce<Answer>(
      (growing, writer) => withPiece(growing, 'x', 1200, writer),
      answer({ kind: 'reading' }),
    );
    expect(moved.devices).toEqual([radeon, gpu, radeon]);
    const where = 'on AMD Radeon, then in this browser (GPU), then on AMD Radeon';
    const endings: Answer['status'][] = [
      { kind: 'finished', reason: 'stop', timings },
      { kind: 'finished', reason: 'stop', timings: null },
      { kind: 'stopped' },
    ];
    for (const status of endings) expect(answerDetails({ ...moved, status }).at(-1)).toBe(where);
  });
});
