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
    nothingKept: 'Loading was stopped; nothing of it is kept.',
    paused: (loaded: string) => `Paused: ${loaded} are here, and need not be fetched again.`,
    partMissing: 'This part of the page could not be fetched. Reload the page.',
    continue: 'Continue',
    discard: 'Discard',
    discardLabel: (name: string) => `Discard what is here of ${name}`,
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
    readKept: 'Reading the model that this browser keeps',
    verify: 'Checking that every byte is right',
    upload: 'Moving the weights to the graphics processor',
    compile: 'Compiling the shaders',
    warmup: 'Making a first test run',
    ready: 'Ready',
    cancel: 'Stop loading',
    pause: 'Pause',
    bytes: (loaded: string, total: string) => `${loaded} of ${total}`,
    bytesSoFar: (loaded: string) => `${loaded} so far`,
    percent: (percent: number) => `${percent} %`,
    steps: (done: number, total: number) => `${done} of ${total} steps`,
    speed: (bytes: string) => `${bytes}/s`,
    eta: (duration: string) => `about ${duration} left`,
    resumed: (bytes: string) => `${bytes} were already here`,
  },

  kept: {
    title: 'Kept in this browser',
    looking: 'Looking…',
    empty: 'Nothing yet. What is loaded from an address is kept here, so that it is downloaded once.',
    list: 'Kept models',
    lastUsed: (day: string) => `last used on ${day}`,
    unfinished: (received: string, total: string | null) =>
      total === null ? `${received} are here, not finished` : `${received} of ${total} are here`,
    damaged: (reason: string) => `Damaged: ${reason}`,
    load: 'Load',
    continue: 'Continue',
    delete: 'Delete',
    discard: 'Discard',
    repair: 'Repair',
    export: 'Export',
    keep: 'Keep it',
    of: (action: string, name: string) => `${action} ${name}`,
    question: (name: string, size: string) => `Delete ${name} (${size})?`,
    discardQuestion: (name: string, size: string) => `Discard ${name} (${size})?`,
    working: {
      delete: 'Deleting…',
      discard: 'Discarding…',
      repair: 'Fetching it again…',
      export: 'Writing the copy…',
    },
    deleted: (name: string) => `${name} was deleted.`,
    discarded: (name: string) => `What was here of ${name} was discarded.`,
    repaired: (name: string) => `${name} is whole again.`,
    exported: (name: string) => `A copy of ${name} was saved.`,
    exportFailed: (name: string, reason: string) => `The copy of ${name} could not be saved. ${reason}`,
    tooLargeToExport:
      'This browser lets pages save files of up to 2 GB. In Chrome or Edge, larger ones can be exported too.',
    busy: (name: string) =>
      `${name} is in use, here or in another tab. Load another model there, or close that tab; then try again.`,
    total: (count: number, size: string) => `${count === 1 ? '1 file' : `${count} files`}, ${size}`,
    usage: (size: string) => `this page uses ${size} in all`,
  },

  catalogue: {
    title: 'Models to try',
    looking: 'Looking at what fits this device…',
    list: 'Models to try',
    budget: (size: string) => `Marked by what fits, if a model may take ${size} of graphics memory. That is a guess.`,
    noBudget: 'What fits this device is not known: the browser shows no graphics processor.',
    fits: { fits: 'fits', 'fits-shorter': 'fits with a shorter context', 'too-big': 'probably too big' },
    load: 'Load',
    loadLabel: (name: string) => `Load ${name}`,
    checking: (name: string) => `Looking whether ${name} fits…`,
    cancel: 'Cancel',
    question: (name: string) => `Load ${name} all the same?`,
    anyway: 'Load anyway',
  },

  files: {
    again: (name: string) => `Open ${name} again`,
    list: 'Opened before',
    denied: (name: string) =>
      `The browser was not allowed to read ${name}. Try again and allow it, or open the file anew.`,
    gone: (name: string) => `${name} is not where it was: it has been moved, renamed or deleted. Open it anew.`,
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
    paused: 'Download paused.',
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
