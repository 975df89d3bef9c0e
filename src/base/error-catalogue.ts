import type { ErrorCode } from './errors';

export interface ErrorEntry {
  /** What happened, in the few words of a heading. */
  readonly title: string;
  /** What the user can do. */
  readonly advice: string;
}

const LOAD_AGAIN = 'Load the model again.';

/** Every code, with what people are told whenever it comes. The message of a certain error says more: names, numbers, limits. */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, ErrorEntry>> = {
  'no-webgpu': {
    title: 'This browser has no WebGPU',
    advice:
      'Use a current Chrome, Edge, Safari or Firefox. On Linux, Chrome may need the flag ' +
      'chrome://flags/#enable-unsafe-webgpu, and Firefox dom.webgpu.enabled in about:config. The page must come over https or from this computer.',
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
    advice:
      `The graphics driver was restarted, or another program took it down. ${LOAD_AGAIN} Your conversation is still here. ` +
      'If that fails, reload the page, restart the browser, or update the graphics driver.',
  },
  'device-blocked': {
    title: 'The browser blocks the graphics processor for now',
    advice: 'It failed several times. Wait two minutes; if it does not come back by then, restart the browser.',
  },
  'quota-exceeded': {
    title: 'The browser has no room to keep the model',
    advice:
      'Delete models that are not used, free some disk space, or load without keeping the model. Private windows have little room.',
  },
  network: {
    title: 'The model could not be fetched',
    advice: 'Check the connection and the address. The server must also allow this page to read the file (CORS).',
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
    advice: 'Models run in this page without such a program: load one here.',
  },
  'bridge-denied': {
    title: 'The browser may not reach the program on this computer',
    advice:
      'Models run in this page without it: load one here. Access to the local network is allowed, or refused, in the browser’s site settings.',
  },
  'not-paired': {
    title: 'This page is not paired with the program on this computer',
    advice: 'Pair this page with it again. Models run in this page without such a program: load one here.',
  },
};
