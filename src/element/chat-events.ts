import type { CompletionUsage, EngineInfo, LoadProgress, Timings } from '../client/index';
import type { ChatEntry } from './exported-chat';

/** What an element does now. After the loss of the GPU it is `loading` or `downloading` again, or `generating` while an answer waits. */
export type ChatState = 'idle' | 'downloading' | 'loading' | 'ready' | 'generating' | 'error';

/** The details of the element's events; each bubbles and is composed. */
export interface ForgelightChatEvents {
  /** How far a load is: at most 10 a second, and always the last one of a phase. */
  'forgelight-progress': LoadProgress;
  /** A model can answer. */
  'forgelight-ready': { readonly info: EngineInfo };
  /** The conversation has got a message: a question when it is sent, an answer when it has ended. */
  'forgelight-message': { readonly message: ChatEntry };
  /** The running answer has grown by `text`. */
  'forgelight-delta': { readonly text: string };
  /** An answer has ended. `usage` and `timings` are `null` where it was stopped. */
  'forgelight-finish': {
    readonly reason: 'stop' | 'length' | 'tool_calls' | 'stopped';
    readonly message: ChatEntry;
    readonly usage: CompletionUsage | null;
    readonly timings: Timings | null;
  };
  /** A load or an answer has failed; mostly a `ForgelightError`, whose `code` says how. */
  'forgelight-error': { readonly error: unknown };
  /** The state has changed. */
  'forgelight-state': { readonly state: ChatState; readonly previous: ChatState };
}

/** One of them, in one value. */
export type ChatEvent = {
  [Name in keyof ForgelightChatEvents]: { readonly name: Name; readonly detail: ForgelightChatEvents[Name] };
}[keyof ForgelightChatEvents];
