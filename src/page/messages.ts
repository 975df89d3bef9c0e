import { ERROR_CATALOGUE } from '../base/error-catalogue';
import type { ErrorCode } from '../base/errors';

/** What an error card says: what happened, and what the person can do. */
export interface ErrorText {
  readonly title: string;
  readonly advice: string;
}

/** Codes of the client, and `unexpected` for what is not a `ForgelightError`: a mistake of ours. */
export type FailureCode = ErrorCode | 'unexpected';

/** Every text of the page. Sentences for people; tests and translations find them here only. */
export const TEXT = {
  appName: 'Forgelight',
  documentTitle: 'Forgelight: a language model in this tab',

  header: {
    newChat: 'New chat',
    model: (name: string, device: string) => `Model ${name} on ${device}. Show details or change it`,
    colours: {
      system: 'Colours: as the system. Switch to light',
      light: 'Colours: light. Switch to dark',
      dark: 'Colours: dark. Switch to the system’s',
    },
  },

  welcome: {
    title: 'A language model in this tab',
    text: 'It runs on your own graphics processor. What you write stays on this computer.',
  },

  model: {
    title: 'Model',
    load: 'Load this model',
    loadShort: 'Load',
    openFile: 'Open a file…',
    others: 'Another model',
    hint: 'Any supported GGUF file: drop it on the page, open it, or give its address.',
    urlLabel: 'Address of a GGUF file',
    urlPlaceholder: 'https://… or hf:owner/repo/file.gguf',
    dropHere: 'Drop the GGUF file to load it',
    close: 'Close',
    stopped: 'Loading was stopped.',
    onDevice: (device: string) => `on ${device}`,
    urlProblems: {
      empty: 'Type an address first.',
      scheme: 'The address must begin with https:// or hf:.',
      insecure: 'The address must begin with https://. Plain http:// works for this computer only.',
      hub: 'A hub reference looks like hf:owner/repo/file.gguf or hf:owner/repo:Q4_K_M.',
      malformed: 'This is not a complete address.',
    },
    facts: {
      nameInFile: 'Name in the file',
      size: 'Size',
      architecture: 'Architecture',
      quantisation: 'Quantisation',
      context: 'Context',
      device: 'Device',
      licence: 'Licence',
    },
    tokens: (count: number) => `${count.toLocaleString('en')} tokens`,
    notes: 'Good to know',
    times: {
      title: (duration: string) => `Loaded in ${duration}`,
      start: 'Starting the engine',
      other: 'Everything else',
      firstToken: 'First token, after sending',
    },
  },

  progress: {
    waiting: 'Starting the engine',
    probe: 'Looking at the graphics processor',
    download: 'Downloading the model',
    readLocal: 'Fetching the model from this computer',
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

  gpu: {
    lost: 'The graphics processor was lost; loading the model again…',
    blocked: 'The browser has closed the graphics processor to this page for a while',
    retry: (time: string, left: string) => `It failed twice in a short time. Trying again at ${time}, in ${left}.`,
    retrying: 'It failed twice in a short time. Trying again now…',
    answerWaits: 'The answer goes on by itself.',
  },

  chat: {
    title: 'Conversation',
    you: 'You',
    model: 'Model',
    emptyTitle: 'Ask it something',
    emptyText: 'Write below, or begin with one of these.',
    prompts: [
      'What is the capital of France?',
      'Explain in three sentences how rain forms.',
      'Write a short poem about the sea.',
      'List five animals that live in a forest.',
    ],
    reading: 'Reading the prompt…',
    copy: 'Copy',
    copied: 'Copied',
    copyFailed: 'Copying was refused by the browser.',
    stopped: 'Stopped',
    lengthReached: 'Cut: the context is full',
    retry: 'Try again',
    jump: 'Jump to the newest message',
    code: 'Code',
    codeIn: (language: string) => `Code in ${language}`,
    table: 'Table',
    image: (description: string) => `Image: ${description}`,
    rate: (rate: string) => `${rate} tokens/s`,
    firstToken: (duration: string) => `first token after ${duration}`,
    answerTokens: (count: number) => (count === 1 ? '1 token' : `${count} tokens`),
    promptTokens: (count: number, cached: number) =>
      `${count} prompt ${count === 1 ? 'token' : 'tokens'}${cached > 0 ? ` (${cached} remembered)` : ''}`,
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
    failed: 'Load a model to go on.',
  },

  status: {
    ready: (name: string) => `${name} is ready.`,
    loadStopped: 'Loading stopped.',
    answering: 'Answering.',
    finished: 'Answer finished.',
    cut: 'Answer ended: the context is full.',
    stopped: 'Answer stopped.',
    cleared: 'New chat.',
    gpuBlocked: (time: string) =>
      `The browser has closed the graphics processor to this page for a while. Trying again at ${time}.`,
    gpuBack: 'The graphics processor is back.',
    gpuBackAnswering: 'The graphics processor is back; the answer goes on.',
  },

  error: {
    tryAgain: 'Try again',
    details: 'Technical details',
    streamEnded: 'The answer’s stream ended without saying why.',
  },
} as const;

/** What a person reads for each code. The error's own message follows as technical detail. */
export const ERROR_TEXT: Readonly<Record<FailureCode, ErrorText>> = {
  ...ERROR_CATALOGUE,
  unexpected: {
    title: 'Something went wrong in Forgelight itself',
    advice: 'Reload the page and try again. If it happens again, please report it with the details.',
  },
};
