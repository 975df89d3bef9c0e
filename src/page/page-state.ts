import { unreachable } from '../base/assert';
import type { EngineInfo, LoadProgress } from '../client/index';
import { isRunning, type ChatPhase, type Message } from '../element/chat-types';
import type { Failure } from '../element/failure';
import { NO_CONVERSATIONS, shownMessages, type Conversations } from './conversations';
import { formatTime, isKept, phaseText } from './format';
import { ERROR_TEXT, TEXT } from './messages';
import type { LoadTimes } from './load-times';
import type { ModelChoice } from './model-choice';

/** What becomes of the GPU under a model that was loaded. */
export type GpuState =
  | { readonly kind: 'working' }
  /**
   * The engine loads the model onto another device; `null` until it reports. `isBridge`: the program on this computer went away; `isAlone`: and
   * nothing else answers until it is back.
   */
  | {
      readonly kind: 'lost';
      readonly progress: LoadProgress | null;
      readonly isBridge: boolean;
      readonly isAlone: boolean;
    }
  /** The browser gives none for now. The engine tries again at `retryAtMs`, on the clock that `Date` counts on. */
  | { readonly kind: 'blocked'; readonly retryAtMs: number };

export interface ReadyModel {
  readonly kind: 'ready';
  readonly choice: ModelChoice;
  readonly info: EngineInfo;
  readonly gpu: GpuState;
  /** `null` until the engine has told them. */
  readonly times: LoadTimes | null;
  /** From sending to the first text, of this model's first answer; `null` until then. */
  readonly firstTokenMs: number | null;
}

export type ModelState =
  | {
      readonly kind: 'none';
      readonly choice: ModelChoice;
      readonly stopped: boolean;
      /** How far the download was that was stopped, by its own account; what is kept of it the browser's store knows. */
      readonly paused: LoadProgress | null;
    }
  | { readonly kind: 'loading'; readonly choice: ModelChoice; readonly progress: LoadProgress | null }
  | ReadyModel
  | { readonly kind: 'failed'; readonly choice: ModelChoice; readonly failure: Failure };

/** A model that was chosen in place of the one that answers, and cannot be. */
export interface Refused {
  readonly name: string;
  readonly failure: Failure;
}

/** All that the page shows. Immutable: every event makes a new one. */
export interface PageState {
  readonly model: ModelState;
  /** The model that gave way to one that is not ready; `null` where none did. */
  readonly before: ModelChoice | null;
  /** Until it is put away, or another one is loaded. */
  readonly refused: Refused | null;
  readonly chats: Conversations;
  /** Of the shown conversation, as they are shown. */
  readonly messages: readonly Message[];
  /** What the status node says to screen readers. */
  readonly announcement: string;
  /** The last announcement that was meant for everybody's eyes. */
  readonly notice: string;
}

export type PageEvent =
  | { readonly type: 'load-started'; readonly choice: ModelChoice }
  | { readonly type: 'refused'; readonly refused: Refused | null }
  | { readonly type: 'load-progressed'; readonly progress: LoadProgress }
  | { readonly type: 'load-finished'; readonly info: EngineInfo }
  | { readonly type: 'load-timed'; readonly times: LoadTimes }
  | { readonly type: 'load-stopped' }
  | { readonly type: 'pause-forgotten' }
  | { readonly type: 'engine-failed'; readonly failure: Failure }
  /** `isEnd`: what answered has ended, and not its device alone. */
  | { readonly type: 'gpu-lost'; readonly isEnd: boolean }
  | { readonly type: 'gpu-blocked'; readonly retryAtMs: number }
  | { readonly type: 'gpu-restored'; readonly info: EngineInfo }
  | { readonly type: 'chats-changed'; readonly chats: Conversations }
  /** The first text of an answer came. */
  | { readonly type: 'answer-began'; readonly sinceAskedMs: number }
  | { readonly type: 'announced'; readonly text: string; readonly inSight: boolean };

/** The page in one word, for tests and styles. */
export type PagePhase = ChatPhase;

export function initialState(choice: ModelChoice): PageState {
  const model = { kind: 'none', choice, stopped: false, paused: null } as const;
  return { model, before: null, refused: null, chats: NO_CONVERSATIONS, messages: [], announcement: '', notice: '' };
}

/** The state after `event`. Events that come too late (progress after a stop) change nothing. */
export function reduce(state: PageState, event: PageEvent): PageState {
  const { model } = state;
  switch (event.type) {
    case 'gpu-lost':
    case 'gpu-blocked':
    case 'gpu-restored':
      return model.kind === 'ready' ? withGpu(state, model, event) : state;
    case 'load-started':
      return withModel(
        { ...state, before: model.kind === 'ready' ? model.choice : state.before, refused: null },
        { kind: 'loading', choice: event.choice, progress: null },
        startText(event.choice),
      );
    case 'refused':
      return withRefused(state, event.refused);
    case 'load-progressed':
      return progressed(state, event.progress);
    case 'load-finished':
      return withModel(
        { ...state, before: null },
        {
          kind: 'ready',
          choice: model.choice,
          info: event.info,
          gpu: { kind: 'working' },
          times: null,
          firstTokenMs: null,
        },
        TEXT.status.ready(model.choice.name),
      );
    case 'load-timed':
      return model.kind === 'ready' ? { ...state, model: { ...model, times: event.times } } : state;
    case 'load-stopped':
      return stopped(state);
    case 'pause-forgotten':
      return model.kind === 'none' ? { ...state, model: { ...model, stopped: false, paused: null } } : state;
    case 'engine-failed':
      return withModel(
        state,
        { kind: 'failed', choice: model.choice, failure: event.failure },
        ERROR_TEXT[event.failure.code].title,
      );
    case 'chats-changed':
      return withChats(state, event.chats);
    case 'answer-began':
      if (model.kind !== 'ready' || model.firstTokenMs !== null) return state;
      return { ...state, model: { ...model, firstTokenMs: event.sinceAskedMs } };
    case 'announced':
      return { ...state, announcement: event.text, notice: event.inSight ? event.text : state.notice };
    default:
      return unreachable(event);
  }
}

export function pagePhase({ model, messages }: PageState): PagePhase {
  switch (model.kind) {
    case 'none':
      return 'idle';
    case 'loading':
      return 'loading';
    case 'failed':
      return 'error';
    case 'ready':
      if (messages.some(isRunning)) return 'generating';
      if (messages.some(isElsewhere)) return 'elsewhere';
      return model.gpu.kind === 'working' ? 'ready' : 'recovering';
    default:
      return unreachable(model);
  }
}

function isElsewhere(message: Message): boolean {
  return message.role === 'assistant' && message.status.kind === 'elsewhere';
}

/** What stands above the composer, a line each: what may be lost, and what went wrong until something else is said. */
export function noticeOf({ chats: { keeping }, announcement, notice }: PageState): string {
  const lines = [
    ...(keeping.kind === 'blocked' ? [TEXT.chats.blocked] : []),
    ...(keeping.kind === 'failing' ? [TEXT.chats.notKept(keeping.reason)] : []),
    ...(notice === announcement ? [notice] : []),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

/** Whether the load is a download of which something stays when it is stopped. */
export function canPause({ reference }: ModelChoice, progress: LoadProgress | null): progress is LoadProgress {
  const isFetched = typeof reference === 'string' && !reference.startsWith('sha256:');
  return isFetched && progress?.phase === 'download' && !isKept(progress);
}

function stopped(state: PageState): PageState {
  const { model } = state;
  const progress = model.kind === 'loading' ? model.progress : null;
  const paused = canPause(model.choice, progress) ? progress : null;
  const text = paused === null ? TEXT.status.loadStopped : TEXT.status.paused;
  return withModel(state, { kind: 'none', choice: model.choice, stopped: true, paused }, text);
}

function startText({ verdict }: ModelChoice): string {
  return verdict === undefined ? TEXT.progress.waiting : `${verdict} ${TEXT.progress.waiting}`;
}

function withRefused(state: PageState, refused: Refused | null): PageState {
  if (refused === null) return { ...state, refused };
  const { name, failure } = refused;
  return { ...state, refused, announcement: TEXT.model.refused(name, ERROR_TEXT[failure.code].title) };
}

function withModel(state: PageState, model: ModelState, announcement: string): PageState {
  return { ...state, model, announcement };
}

/** The phases of a first load are announced. Those of a load after a loss are not: the loss was, and the way back will be. */
function progressed(state: PageState, progress: LoadProgress): PageState {
  const { model } = state;
  if (model.kind === 'ready' && model.gpu.kind !== 'working') {
    const { isBridge, isAlone } = model.gpu.kind === 'lost' ? model.gpu : { isBridge: false, isAlone: false };
    return withModel(state, { ...model, gpu: { kind: 'lost', progress, isBridge, isAlone } }, state.announcement);
  }
  if (model.kind !== 'loading') return state;
  const changed = model.progress?.phase !== progress.phase;
  const announcement = changed ? `${phaseText(progress, model.choice.local)}.` : state.announcement;
  return withModel(state, { ...model, progress }, announcement);
}

/** What is gone: this page's graphics processor, or the program that answered. */
export function lostText(gpu: GpuState): string {
  if (gpu.kind !== 'lost') return TEXT.gpu.lost;
  if (gpu.isAlone) return gpu.progress === null ? TEXT.gpu.bridgeAway : TEXT.gpu.bridgeBack;
  return gpu.isBridge ? TEXT.gpu.bridgeLost : TEXT.gpu.lost;
}

function restoredText(before: EngineInfo, { device }: EngineInfo, isAnswering: boolean): string {
  if (device.kind !== before.device.kind)
    return device.kind === 'webgpu' ? TEXT.status.bridgeGone(device.name) : TEXT.status.bridgeThere(device.name);
  if (device.kind !== 'webgpu') return TEXT.status.moved(device.name);
  return isAnswering ? TEXT.status.gpuBackAnswering : TEXT.status.gpuBack;
}

type GpuEvent = Extract<PageEvent, { type: `gpu-${string}` }>;

function withGpu(state: PageState, model: ReadyModel, event: GpuEvent): PageState {
  switch (event.type) {
    case 'gpu-lost': {
      const isAlone = event.isEnd && model.gpu.kind === 'lost'; // told once more
      const isBridge = event.isEnd && model.info.device.kind !== 'webgpu';
      const gpu = { kind: 'lost', progress: null, isBridge, isAlone } as const;
      return withModel(state, { ...model, gpu }, lostText(gpu));
    }
    case 'gpu-blocked': {
      const { retryAtMs } = event;
      return withModel(
        state,
        { ...model, gpu: { kind: 'blocked', retryAtMs } },
        TEXT.status.gpuBlocked(formatTime(retryAtMs)),
      );
    }
    case 'gpu-restored': {
      const announcement = restoredText(model.info, event.info, state.chats.running.size > 0);
      const restored = withModel(state, { ...model, info: event.info, gpu: { kind: 'working' } }, announcement);
      // Which program answers is for everybody's eyes.
      return event.info.device.kind === model.info.device.kind ? restored : { ...restored, notice: announcement };
    }
    default:
      return unreachable(event);
  }
}

function withChats(state: PageState, chats: Conversations): PageState {
  const { shown, running, elsewhere } = state.chats;
  const isShownAsBefore = chats.shown === shown && chats.running.size === running.size && chats.elsewhere === elsewhere;
  const messages = isShownAsBefore ? state.messages : chats.shown === null ? [] : shownMessages(chats.shown, chats);
  return { ...state, chats, messages };
}
