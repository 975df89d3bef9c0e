import type { CompletionUsage, Engine } from '../client/index';
import type { ChatState } from './chat-events';
import type { ChatEntry, ExportedChat } from './exported-chat';

/** `<forgelight-chat>` as pages see it, without what it is made with: a user's compiler needs no other package. */
export interface ForgelightChatElement extends HTMLElement {
  /** The model, as `createEngine` takes it as text: an address, or a reference to the hub or the store. Setting another one unloads the present model. */
  src: string;
  /** When the model is loaded: when somebody asks (`manual`, the default), when the element is first seen (`lazy`), or at once (`eager`). */
  loading: 'manual' | 'lazy' | 'eager';
  /** The system prompt. */
  system: string;
  /** Shown in the empty field. */
  placeholder: string;
  /** Tokens that a conversation may hold; takes effect with the next load. `null`: the model's own, cut to what fits. */
  contextLength: number | null;
  /** For the next answers. `null`: the engine's default; 0: always the likeliest token. */
  temperature: number | null;
  /** Whether people can use it; methods can be called all the same. */
  disabled: boolean;
  /** Colours: as `color-scheme` where it stands (`auto`), or always `light` or `dark`. */
  theme: 'auto' | 'light' | 'dark';
  /** The language of the numbers, as `lang` of any element; empty: that of the texts, which `useTexts` sets. */
  lang: string;
  /** Name of the form control; the conversation is kept under it, else under the element's `id`, else as `chat`. */
  name: string;
  /** Where the conversation is kept: nowhere, for this tab, or in this browser. */
  persist: 'none' | 'session' | 'local';
  /** Where answers are computed, as in `createEngine`; takes effect with the next load. */
  device: 'auto' | 'webgpu' | 'bridge';
  /** Where `forgelight serve` is, as in `createEngine`; nothing is looked for without it. */
  bridgeUrl: string;
  /** What pairing with that gave (`pairBridge`): a secret, and so no attribute. */
  bridgeToken: string;
  /** Where `worker.js` is, for bundlers and strict policies; as in `createEngine`. */
  workerUrl: string;

  /**
   * The conversation, the oldest first; the running answer as far as it is. Setting it stops that, and replaces all. Throws
   * `invalid-request` where one has another role than `user` and `assistant`, or no text.
   */
  messages: readonly ChatEntry[];
  /**
   * The engine that answers, once there is one. Another element may be given it: the last one that holds it closes it. An engine that the
   * page's own code made stays the page's to close.
   */
  engine: Engine | null;
  /** What the element does now; also a custom state, for `:state()`. */
  readonly state: ChatState;
  /** Tokens of the last answer that ended by itself. */
  readonly usage: CompletionUsage | null;
  /** The last answer: what a form submits under `name`. */
  readonly value: string;
  /** The form that it belongs to. */
  readonly form: HTMLFormElement | null;

  /** Loads the model. Resolves when it can answer. Rejects as `createEngine` does, and with an `AbortError` when it is unloaded meanwhile. */
  load(): Promise<void>;
  /** Lets the engine go and frees its memory, unless another element holds it too; ends a load. The conversation stays. */
  unload(): void;
  /**
   * Asks `text`, and loads the model before where it is not. Resolves with the answer when it ended, also when it was stopped. Rejects as
   * `load`, with `busy` while another answer runs, and with `invalid-request` for an empty text.
   */
  send(text: string): Promise<string>;
  /** Ends the running answer; what it has written stays. */
  stop(): void;
  /** Asks the last question again, in place of its answer. Rejects as `send`, and where nothing was asked. */
  regenerate(): Promise<string>;
  /** Empties the conversation. */
  clear(): void;
  /** The conversation and its system prompt as plain data. */
  exportChat(): ExportedChat;
  /** Takes what `exportChat` gave, or its JSON, with its system prompt. Throws `invalid-request`. */
  importChat(chat: ExportedChat | string): void;
  /** To the field; before there is a model, to the button that loads it. */
  focus(options?: FocusOptions): void;
}

/** The class of the element. */
export interface ForgelightChatConstructor {
  new (): ForgelightChatElement;
  readonly prototype: ForgelightChatElement;
  readonly formAssociated: boolean;
  readonly observedAttributes: string[];
}
