import { describe, expect, it } from 'vitest';
import { SCRIPTED_INFO } from '../../test/support/scripted-engine';
import { formatTime } from './format';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import type { PageEvent, PageState } from './page-state';
import { historyOf, type AnswerStatus, type Message } from '../element/chat-types';
import { DEFAULT_SETTINGS } from './chat-settings';
import { newConversation, withAnswer, withEnd, withQuestion, withText, type Conversation } from './conversation';
import { NO_CONVERSATIONS, type Keeping } from './conversations';
import { initialState, noticeOf, pagePhase, reduce } from './page-state';

const CHOICE: ModelChoice = { reference: 'https://example.org/a.gguf', name: 'a.gguf', local: false };
const FAILURE = { code: 'bad-gguf', detail: 'offset 12' } as const;
const DOWNLOAD = { phase: 'download', loaded: 1, total: 2, bytesPerSecond: 3, etaSeconds: 4, resumed: 0 } as const;

const READY: readonly PageEvent[] = [
  { type: 'load-started', choice: CHOICE },
  { type: 'load-finished', info: SCRIPTED_INFO },
];
const asked = withAnswer(
  withQuestion(newConversation(1, DEFAULT_SETTINGS, 0), { id: 1, text: 'Hello', parent: null }, 0),
  1,
  2,
  0,
);
/** The shown conversation is this one, and answer 2 of it is written here if it runs. */
const shows = (shown: Conversation, running: readonly number[] = [2]): PageEvent => ({
  type: 'chats-changed',
  chats: { ...NO_CONVERSATIONS, all: [shown], shown, running: new Set(running) },
});
const ASKED: readonly PageEvent[] = [...READY, shows(asked)];
const STOPPED = shows(withEnd(asked, 2, { kind: 'stopped' }), []);

function after(...events: readonly PageEvent[]): PageState {
  return events.reduce(reduce, initialState(CHOICE));
}

describe('the page’s phase', () => {
  it.each([
    ['idle', []],
    ['loading', READY.slice(0, 1)],
    ['ready', READY],
    ['generating', ASKED],
    ['ready', [...ASKED, STOPPED]],
    ['ready', [...READY, shows(asked, [])]],
    ['idle', [...READY.slice(0, 1), { type: 'load-stopped' }]],
    ['error', [...READY.slice(0, 1), { type: 'engine-failed', failure: FAILURE }]],
  ] as const)('is %s', (phase, events) => {
    expect(pagePhase(after(...events))).toBe(phase);
  });
});

describe('the first token', () => {
  const began = (sinceAskedMs: number): PageEvent => ({ type: 'answer-began', sinceAskedMs });

  it('is that of the model’s first answer, and of each model anew', () => {
    const answered = after(...ASKED, began(700), began(90));
    expect(answered.model).toMatchObject({ firstTokenMs: 700 });
    expect(READY.reduce(reduce, answered).model).toMatchObject({ firstTokenMs: null });
  });
});

describe('a lost GPU', () => {
  const WRITING: readonly PageEvent[] = [...ASKED, shows(withText(asked, 2, 'Hi', 1))];
  const RELOAD = { ...DOWNLOAD, loaded: 2 };
  const OTHER_INFO = { ...SCRIPTED_INFO, device: { ...SCRIPTED_INFO.device, name: 'Another GPU' } };

  it.each([
    ['generating', WRITING],
    ['recovering', READY],
  ] as const)('leaves the page %s, whatever comes until it is back', (phase, events) => {
    const lost = after(...events, { type: 'gpu-lost', isEnd: false });
    expect(lost.model).toMatchObject({ kind: 'ready', gpu: { kind: 'lost', progress: null } });
    expect(pagePhase(lost)).toBe(phase);
    const blocked = reduce(lost, { type: 'gpu-blocked', retryAtMs: 1000 });
    expect(blocked.model).toMatchObject({ kind: 'ready', gpu: { kind: 'blocked', retryAtMs: 1000 } });
    expect(pagePhase(blocked)).toBe(phase);
    const loading = reduce(blocked, { type: 'load-progressed', progress: RELOAD });
    expect(loading.model).toMatchObject({ kind: 'ready', gpu: { kind: 'lost', progress: RELOAD } });
    expect(pagePhase(loading)).toBe(phase);
    const back = reduce(loading, { type: 'gpu-restored', info: OTHER_INFO });
    expect(back.model).toMatchObject({ kind: 'ready', gpu: { kind: 'working' }, info: OTHER_INFO });
    expect(back.messages).toEqual(after(...events).messages);
    expect(pagePhase(back)).toBe(phase === 'recovering' ? 'ready' : phase);
  });

  it('is announced when it goes, is tried again and is back, and not at every step between', () => {
    const lost = after(...WRITING, { type: 'gpu-lost', isEnd: false });
    expect(lost.announcement).toBe(TEXT.gpu.lost);
    expect(reduce(lost, { type: 'load-progressed', progress: RELOAD }).announcement).toBe(TEXT.gpu.lost);
    const blocked = reduce(lost, { type: 'gpu-blocked', retryAtMs: 1000 });
    expect(blocked.announcement).toBe(TEXT.status.gpuBlocked(formatTime(1000)));
    const restored = { type: 'gpu-restored', info: SCRIPTED_INFO } as const;
    expect(reduce(blocked, restored).announcement).toBe(TEXT.status.gpuBackAnswering);
    expect(after(...READY, { type: 'gpu-lost', isEnd: false }, restored).announcement).toBe(TEXT.status.gpuBack);
  });

  it('that does not come back fails the model; what was written stays', () => {
    const gone = after(...WRITING, { type: 'gpu-lost', isEnd: false }, { type: 'engine-failed', failure: FAILURE });
    expect(gone.model).toEqual({ kind: 'failed', choice: CHOICE, failure: FAILURE });
    expect(pagePhase(gone)).toBe('error');
    expect(gone.messages).toEqual(after(...WRITING).messages);
  });

  it('is no news where no model is loaded, and progress none where no GPU is lost', () => {
    for (const state of [after(), after(READY[0] as PageEvent)]) {
      expect(reduce(state, { type: 'gpu-lost', isEnd: false })).toBe(state);
      expect(reduce(state, { type: 'gpu-restored', info: SCRIPTED_INFO })).toBe(state);
    }
    const ready = after(...READY);
    expect(reduce(ready, { type: 'load-progressed', progress: DOWNLOAD })).toBe(ready);
  });
});

describe('a stopped load', () => {
  const stoppedAt = (progress: PageEvent & { type: 'load-progressed' }, choice = CHOICE): PageState =>
    after({ type: 'load-started', choice }, progress, { type: 'load-stopped' });
  const downloading = { type: 'load-progressed', progress: DOWNLOAD } as const;

  it('is a pause of a download, until what was kept of it is gone', () => {
    const paused = stoppedAt(downloading);
    expect(paused.model).toMatchObject({ kind: 'none', stopped: true, paused: DOWNLOAD });
    expect(paused.announcement).toBe(TEXT.status.paused);
    const forgotten = reduce(paused, { type: 'pause-forgotten' });
    expect(forgotten.model).toMatchObject({ kind: 'none', stopped: false, paused: null });
  });

  it.each([
    ['of a file', { ...CHOICE, reference: new File([], 'a.gguf') }, DOWNLOAD],
    ['of a kept model', { ...CHOICE, reference: `sha256:${'0'.repeat(64)}` }, DOWNLOAD],
    ['that reads what is here already', CHOICE, { ...DOWNLOAD, resumed: 2 }],
    ['that compiles', CHOICE, { ...DOWNLOAD, phase: 'compile' } as const],
  ])('%s is none', (_what, choice, progress) => {
    const stopped = stoppedAt({ type: 'load-progressed', progress }, choice);
    expect(stopped.model).toMatchObject({ stopped: true, paused: null });
    expect(stopped.announcement).toBe(TEXT.status.loadStopped);
  });
});

it('a load says first what was found out about whether the model fits', () => {
  const state = after({ type: 'load-started', choice: { ...CHOICE, verdict: 'It fits.' } });
  expect(state.announcement).toBe(`It fits. ${TEXT.progress.waiting}`);
});

it('an answer that nobody here writes is shown as one that was stopped', () => {
  const other = after(...READY, shows(withText(asked, 2, 'Hi', 70), []));
  expect(other.messages[1]).toMatchObject({ text: 'Hi', status: { kind: 'stopped' }, firstTokenMs: 70 });
});

it('messages stay the same object while nothing about them changes', () => {
  const before = after(...ASKED);
  const next = reduce(before, { type: 'chats-changed', chats: { ...before.chats, keeping: { kind: 'working' } } });
  expect(next.messages).toBe(before.messages);
});

describe('what the status node says', () => {
  it('names each phase of a load once, not every step', () => {
    const first = after(READY[0] as PageEvent, { type: 'load-progressed', progress: DOWNLOAD });
    expect(first.announcement).toBe(`${TEXT.progress.download}.`);
    const same = reduce(
      { ...first, announcement: 'other' },
      { type: 'load-progressed', progress: { ...DOWNLOAD, loaded: 2 } },
    );
    expect(same.announcement).toBe('other');
  });

  it('ignores progress that comes after a stop', () => {
    const stopped = after(READY[0] as PageEvent, { type: 'load-stopped' });
    expect(reduce(stopped, { type: 'load-progressed', progress: DOWNLOAD })).toBe(stopped);
  });
});

describe('what stands above the composer', () => {
  const says = (text: string, inSight: boolean): PageEvent => ({ type: 'announced', text, inSight });
  const keeps = (keeping: Keeping): PageEvent => ({ type: 'chats-changed', chats: { ...NO_CONVERSATIONS, keeping } });

  it('is a problem, until something else is said; and nothing that is only said', () => {
    expect(noticeOf(after(says('New chat.', false)))).toBe('');
    expect(noticeOf(after(says('Refused.', true)))).toBe('Refused.');
    expect(noticeOf(after(says('Refused.', true), says('New chat.', false)))).toBe('');
  });

  it('is what may be lost, for as long as it may be', () => {
    const failing = keeps({ kind: 'failing', reason: 'full' });
    expect(noticeOf(after(failing, says('Refused.', true)))).toBe(`${TEXT.chats.notKept('full')}\nRefused.`);
    expect(noticeOf(after(failing, keeps({ kind: 'working' })))).toBe('');
    expect(noticeOf(after(keeps({ kind: 'blocked' })))).toBe(TEXT.chats.blocked);
  });
});

describe('historyOf', () => {
  const question = (id: number, text: string): Message => ({ role: 'user', id, text });
  const answer = (id: number, text: string, status: AnswerStatus): Message => ({
    role: 'assistant',
    id,
    text,
    status,
    firstTokenMs: null,
  });

  it('holds the turns in order, the open question last', () => {
    const messages = [
      question(1, 'Hello'),
      answer(2, 'Hi', { kind: 'stopped' }),
      question(3, 'And now?'),
      answer(4, '', { kind: 'reading' }),
    ];
    expect(historyOf(messages)).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: 'And now?' },
    ]);
  });

  it('leaves out a question that got no answer at all', () => {
    const failed = answer(2, '', { kind: 'failed', failure: FAILURE });
    const messages = [question(1, 'Hello'), failed, question(3, 'Again'), answer(4, '', { kind: 'reading' })];
    expect(historyOf(messages)).toEqual([{ role: 'user', content: 'Again' }]);
  });
});
