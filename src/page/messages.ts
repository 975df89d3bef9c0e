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
      hub: 'A hub reference looks like hf:owner/repo/file.gguf.',
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
    steps: (done: number, total: number) => `${done} of ${total} steps`,
    speed: (bytes: string) => `${bytes}/s`,
    eta: (duration: string) => `about ${duration} left`,
    resumed: (bytes: string) => `${bytes} were already here`,
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
  },

  error: {
    tryAgain: 'Try again',
    details: 'Technical details',
    streamEnded: 'The answer’s stream ended without saying why.',
  },
} as const;

const LOAD_AGAIN = 'Load the model again.';

/** What a person reads for each code. The error's own message follows as technical detail. */
export const ERROR_TEXT: Readonly<Record<FailureCode, ErrorText>> = {
  'no-webgpu': {
    title: 'This browser has no WebGPU',
    advice:
      'Use a current Chrome, Edge or Safari, or Firefox on Windows or macOS. On Linux, Chrome may need the flag ' +
      'chrome://flags/#enable-unsafe-webgpu. The page must come over https or from this computer.',
  },
  'no-adapter': {
    title: 'No graphics processor was offered',
    advice:
      'Turn on hardware acceleration in the browser’s settings, update the graphics driver, and restart the browser. ' +
      'Remote desktops and virtual machines often have none.',
  },
  'missing-feature': {
    title: 'The graphics processor lacks something',
    advice: 'Update the browser and the graphics driver, or try a smaller model.',
  },
  'out-of-memory': {
    title: 'Not enough graphics memory',
    advice: 'Close other tabs and programs that use it, or take a smaller model or a stronger quantisation.',
  },
  'device-lost': {
    title: 'The graphics processor was lost',
    advice: `Its driver was restarted, or another program took it down. ${LOAD_AGAIN} Your conversation is still here.`,
  },
  'device-blocked': {
    title: 'The browser blocks the graphics processor for now',
    advice: 'It failed several times. Wait two minutes and load the model again, or restart the browser.',
  },
  'quota-exceeded': {
    title: 'The browser has no room to keep the model',
    advice:
      'Free some disk space, or remove stored data of sites in the browser’s settings. Private windows have little room.',
  },
  network: {
    title: 'The model could not be fetched',
    advice: 'Look at the connection and the address. The server must also allow this page to read the file (CORS).',
  },
  'range-unsupported': {
    title: 'The server cannot send parts of a file',
    advice: 'Download the file yourself and open it from disk, or use another server.',
  },
  'bad-gguf': {
    title: 'This is not a GGUF file that can be read',
    advice: 'It may be damaged, cut short, or another kind of file. Download it again, or choose another one.',
  },
  'corrupt-model': {
    title: 'The file’s bytes are not the expected ones',
    advice: 'It was damaged on the way, or replaced. Try again; if it stays so, take the model from another source.',
  },
  'unsupported-architecture': {
    title: 'This kind of model is not supported yet',
    advice: 'Choose a model of a supported architecture, such as SmolLM2 or Llama.',
  },
  'unsupported-quantisation': {
    title: 'This quantisation is not supported yet',
    advice: 'Choose the same model in a common quantisation, such as Q4_K_M or Q8_0.',
  },
  'invalid-request': {
    title: 'The request was not valid',
    advice: 'Change it as the details say, and send it again.',
  },
  'context-overflow': {
    title: 'The conversation is too long for this model',
    advice: 'Start a new chat, or write a shorter message.',
  },
  busy: {
    title: 'The engine has too much to do',
    advice: 'Wait until other answers have finished, then try again.',
  },
  'request-gone': {
    title: 'The answer broke off',
    advice: 'Send the message again.',
  },
  aborted: {
    title: 'It was stopped',
    advice: 'Start again whenever you like.',
  },
  timeout: {
    title: 'It took too long',
    advice:
      'The graphics processor or the server did not answer in time. Close what else keeps it busy, then try again.',
  },
  closed: {
    title: 'The engine was closed',
    advice: LOAD_AGAIN,
  },
  'bridge-unreachable': {
    title: 'The program on this computer does not answer',
    advice: 'Start it, then try again.',
  },
  'bridge-denied': {
    title: 'The browser may not reach the program on this computer',
    advice: 'Allow access to the local network for this page in the browser’s site settings.',
  },
  'not-paired': {
    title: 'This page is not paired with the program on this computer',
    advice: 'Pair them, then try again.',
  },
  unexpected: {
    title: 'Something went wrong in Forgelight itself',
    advice: 'Reload the page and try again. If it happens again, please report it with the details.',
  },
};
