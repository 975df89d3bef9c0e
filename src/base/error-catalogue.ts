import type { ErrorCode } from './errors';

export interface ErrorEntry {
  /** What happened, in the few words of a heading. */
  readonly title: string;
  /** Why it happens, for whoever writes the caller. */
  readonly cause: string;
  /** What the user can do. */
  readonly advice: string;
  /** Status of an answer over HTTP. 499, as nginx has it: the client went away. */
  readonly httpStatus: number;
}

const LOAD_AGAIN = 'Load the model again.';

/** Every code, with what is true whenever it comes. The message of a certain error says more: names, numbers, limits. */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, ErrorEntry>> = {
  'no-webgpu': {
    title: 'This browser has no WebGPU',
    cause: 'The browser or worker has no `navigator.gpu`: it is too old, or the page is not in a secure context.',
    advice:
      'Use a current Chrome, Edge or Safari, or Firefox on Windows or macOS. On Linux, Chrome may need the flag ' +
      'chrome://flags/#enable-unsafe-webgpu. The page must come over https or from this computer.',
    httpStatus: 503,
  },
  'no-adapter': {
    title: 'No graphics processor was offered',
    cause: 'WebGPU is there, but gave no adapter: it is blocklisted, switched off, or taken away for a while.',
    advice:
      'Turn on hardware acceleration in the browser’s settings, update the graphics driver, and restart the browser. ' +
      'Remote desktops and virtual machines often have none.',
    httpStatus: 503,
  },
  'missing-feature': {
    title: 'The graphics processor lacks something',
    cause: 'The adapter lacks a feature or a limit that the model cannot do without, or it computes wrongly.',
    advice: 'Update the browser and the graphics driver, or try a smaller model.',
    httpStatus: 501,
  },
  'out-of-memory': {
    title: 'Not enough graphics memory',
    cause: 'The weights, the KV cache or a step do not fit into the memory that the device gives.',
    advice: 'Close other tabs and programs that use it, or take a smaller model or a stronger quantisation.',
    httpStatus: 503,
  },
  'device-lost': {
    title: 'The graphics processor was lost',
    cause: 'The driver was reset or the GPU process ended, and no other device took over.',
    advice:
      `Its driver was restarted, or another program took it down. ${LOAD_AGAIN} Your conversation is still here. ` +
      'If that fails, reload the page, restart the browser, or update the graphics driver.',
    httpStatus: 503,
  },
  'device-blocked': {
    title: 'The browser blocks the graphics processor for now',
    cause:
      'The device was lost twice in a short time, and the browser gives none for about two minutes. The engine tries again by itself.',
    advice: 'It failed several times. Wait two minutes; if it does not come back by then, restart the browser.',
    httpStatus: 503,
  },
  'quota-exceeded': {
    title: 'The browser has no room to keep the model',
    cause: 'The origin’s storage has no room for the file.',
    advice:
      'Delete models that are not used, free some disk space, or load without keeping the model. Private windows have little room.',
    httpStatus: 507,
  },
  network: {
    title: 'The model could not be fetched',
    cause: 'The source cannot be reached, refused, or broke off more often than a download is taken up again.',
    advice: 'Look at the connection and the address. The server must also allow this page to read the file (CORS).',
    httpStatus: 502,
  },
  'range-unsupported': {
    title: 'The server cannot send parts of a file',
    cause: 'A download broke off, and its server cannot go on from there.',
    advice: 'Download the file yourself and open it from disk, or use another server.',
    httpStatus: 502,
  },
  'bad-gguf': {
    title: 'This is not a GGUF file that can be read',
    cause: 'The header, a tensor or the metadata contradict the format or each other, or the file ends too early.',
    advice: 'It may be damaged, cut short, or another kind of file. Download it again, or choose another one.',
    httpStatus: 422,
  },
  'corrupt-model': {
    title: 'The file’s bytes are not the expected ones',
    cause: 'The SHA-256 of the bytes is another than promised, a stored copy was damaged, or the model computes NaN.',
    advice: 'It was damaged on the way, or replaced. Try again; if it stays so, take the model from another source.',
    httpStatus: 422,
  },
  'unsupported-architecture': {
    title: 'This kind of model is not supported yet',
    cause: 'The file names an architecture, or a feature of one, that no network here is described for.',
    advice: 'Choose a model of a supported architecture, such as SmolLM2 or Llama.',
    httpStatus: 501,
  },
  'unsupported-quantisation': {
    title: 'This quantisation is not supported yet',
    cause: 'A tensor has a block format that no kernel reads.',
    advice: 'Choose the same model in a common quantisation, such as Q4_K_M or Q8_0.',
    httpStatus: 501,
  },
  'invalid-request': {
    title: 'The request was not valid',
    cause: 'A field is unknown, has a wrong type or value, or contradicts another; `param` names it.',
    advice: 'Change it as the details say, and send it again.',
    httpStatus: 400,
  },
  'context-overflow': {
    title: 'The conversation is too long for this model',
    cause: 'The prompt, with one token of an answer, is longer than the context or the whole KV cache.',
    advice: 'Start a new chat, or write a shorter message.',
    httpStatus: 400,
  },
  busy: {
    title: 'The engine has too much to do',
    cause:
      'As many requests run and wait as `maxConcurrent` and `maxQueued` allow; or a stored model that is to go is in use.',
    advice: 'Wait until other answers have finished, then try again.',
    httpStatus: 503,
  },
  'request-gone': {
    title: 'The answer broke off',
    cause:
      'The state of a live request is no longer there. Only a broken invariant of the engine can do this; it then gives all requests up.',
    advice: 'Send the message again.',
    httpStatus: 500,
  },
  aborted: {
    title: 'It was stopped',
    cause: 'The caller’s own signal.',
    advice: 'Start again whenever you like.',
    httpStatus: 499,
  },
  timeout: {
    title: 'It took too long',
    cause:
      'A step took longer than `timeouts.stepMs`, a request longer than `requestMs`, or a load stood still for `stallMs`.',
    advice:
      'The graphics processor or the server did not answer in time. Close what else keeps it busy, then try again.',
    httpStatus: 504,
  },
  closed: {
    title: 'The engine was closed',
    cause: '`close()` was called, the page was left, or the worker has ended.',
    advice: LOAD_AGAIN,
    httpStatus: 503,
  },
  'bridge-unreachable': {
    title: 'The program on this computer does not answer',
    cause: 'Nothing listens at the daemon’s address.',
    advice: 'Models run in this page without such a program: load one here.',
    httpStatus: 502,
  },
  'bridge-denied': {
    title: 'The browser may not reach the program on this computer',
    cause: 'The browser’s permission for the local network was refused, or the daemon does not know the page’s origin.',
    advice:
      'Models run in this page without it: load one here. Access to the local network is allowed, or refused, in the browser’s site settings.',
    httpStatus: 403,
  },
  'not-paired': {
    title: 'This page is not paired with the program on this computer',
    cause: 'The daemon knows no pairing with this page.',
    advice: 'Models run in this page without such a program: load one here.',
    httpStatus: 401,
  },
};
