import { ERROR_CATALOGUE } from '../base/error-catalogue';
import type { ErrorCode } from '../base/errors';

/** What an error says: what happened, and what the person can do. */
export interface ErrorText {
  readonly title: string;
  readonly advice: string;
}

/**
 * Codes of the client, `no-chat` for a model that makes embeddings, and `unexpected` for what is not a `ForgelightError`: a mistake of ours.
 */
export type FailureCode = ErrorCode | 'no-chat' | 'unexpected';

/**
 * Every text of the element and its parts. Sentences for people; tests and translations find them here only. They are English until
 * `useTexts` (`texts.ts`) puts another language in their place, so a text is read when it is shown, and never kept.
 */
export const TEXT = {
  /** The language of all these, as `lang` names it. */
  lang: 'en',
  poster: {
    title: 'Chat with a language model in this page',
    text: 'It runs on your own graphics processor. What you write stays on this computer.',
    load: 'Load the model',
    download: (size: string) => `A download of ${size}, unless it is kept in this browser already.`,
    noModel: 'This chat has no model yet.',
    checking: 'Looking whether it fits this device…',
    fits: (need: string) => `It should fit this device: it needs about ${need} of graphics memory.`,
    fitsShorter: (tokens: number) => `It should fit this device with a context of up to ${tokens} tokens.`,
    tooBig: (need: string, budget: string) =>
      `It needs about ${need} of graphics memory, and this browser gives about ${budget}. It will probably not load: a smaller model would.`,
    tooBigElse: 'It is probably too big for this graphics processor.',
    unsupported: 'This model cannot be run here.',
    embeds: 'This model makes embeddings and cannot chat.',
    retry: 'Load the model again',
  },
  empty: 'Write below to begin.',
  recovering: 'The graphics processor was lost. The model is loaded again, and a running answer goes on by itself.',

  progress: {
    waiting: 'Starting the engine',
    probe: 'Looking at the graphics processor',
    download: 'Downloading the model',
    readKept: 'Reading the model that this browser keeps',
    verify: 'Checking that every byte is right',
    upload: 'Moving the weights to the graphics processor',
    compile: 'Compiling the shaders',
    warmup: 'Making a first test run',
    ready: 'Ready',
    cancel: 'Stop loading',
    bytes: (loaded: string, total: string) => `${loaded} of ${total}`,
    bytesSoFar: (loaded: string) => `${loaded} so far`,
    percent: (percent: number) => `${percent} %`,
    steps: (done: number, total: number) => `${done} of ${total} steps`,
    speed: (bytes: string) => `${bytes}/s`,
    eta: (duration: string) => `about ${duration} left`,
    resumed: (bytes: string) => `${bytes} were already here`,
  },

  chat: {
    title: 'Conversation',
    you: 'You',
    model: 'Model',
    reading: 'Reading the prompt…',
    elsewhere: 'This is being written in another tab.',
    copy: 'Copy',
    copied: 'Copied',
    copyFailed: 'Copying was refused by the browser.',
    stopped: 'Stopped',
    lengthReached: 'Cut: it reached its limit of tokens',
    retry: 'Try again',
    regenerate: 'Answer again',
    edit: 'Edit',
    editLabel: 'The question, edited',
    sendEdited: 'Send',
    cancelEdit: 'Cancel',
    version: (position: number, count: number) => `Version ${position} of ${count}`,
    versions: (position: number, count: number) => `${position}/${count}`,
    previousVersion: 'Previous version',
    nextVersion: 'Next version',
    jump: 'Jump to the newest message',
    code: 'Code',
    codeIn: (language: string) => `Code in ${language}`,
    table: 'Table',
    formula: 'Formula',
    image: (description: string) => `Image: ${description}`,
    rate: (rate: string) => `${rate} tokens/s`,
    firstToken: (duration: string) => `first token after ${duration}`,
    answerTokens: (count: number) => (count === 1 ? '1 token' : `${count} tokens`),
    on: (device: string) => `on ${device}`,
    here: (device: string) => `in this browser (${device})`,
    next: ', then ',
    liveRate: (rate: string) => `about ${rate} tokens/s`,
    figures: 'Figures',
    figure: {
      read: 'Prompt read',
      remembered: 'Remembered from before',
      first: 'First token, after sending',
      written: 'Answer written',
      in: (duration: string) => ` in ${duration}`,
      rate: (rate: string) => `, ${rate} tokens/s`,
    },
  },

  composer: {
    label: 'Message',
    placeholder: 'Write a message',
    send: 'Send',
    stop: 'Stop',
    hint: 'Enter sends, Shift+Enter begins a new line.',
    generating: 'Answering. Escape stops it.',
    noModel: 'Load a model first.',
    loading: 'The model is loading. You can write already.',
    recovering: 'Waiting for the graphics processor. You can write already.',
    elsewhere: 'Another tab is answering here. You can write already.',
    failed: 'Load a model to go on.',
  },

  status: {
    ready: (name: string) => `${name} is ready.`,
    unloaded: 'The model was unloaded.',
    answering: 'Answering.',
    finished: 'Answer finished.',
    cut: 'Answer ended: it reached its limit of tokens.',
    stopped: 'Answer stopped.',
    cleared: 'The conversation was cleared.',
    recovered: 'The graphics processor is back.',
  },

  error: {
    tryAgain: 'Try again',
    details: 'Technical details',
    streamEnded: 'The answer’s stream ended without saying why.',
  },
};

/** What a person reads for each code. The error's own message follows as technical detail. */
export const ERROR_TEXT: Record<FailureCode, ErrorText> = {
  ...ERROR_CATALOGUE,
  'no-chat': {
    title: 'This model makes embeddings and cannot chat',
    advice: 'Choose a model that writes text, such as SmolLM2 or Llama.',
  },
  unexpected: {
    title: 'Something went wrong in Forgelight itself',
    advice: 'Reload the page and try again. If it happens again, please report it with the details.',
  },
};
