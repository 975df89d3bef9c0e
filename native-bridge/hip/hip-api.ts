import { ForgelightError } from '../../src/base/errors';
import type { OpenLibrary } from './hip-library';

/** A typed array that the function writes to or reads from. */
const ARRAY = 'void *';
/** What HIP gave: a pointer of its own, to the device's memory or to an object. */
const HANDLE = 'uintptr_t';

/** The functions of libamdhip64 that the bridge calls, with the types of their arguments. All give an error code. */
const SIGNATURES = {
  hipInit: ['uint32_t'],
  hipGetDeviceCount: [ARRAY],
  hipSetDevice: ['int'],
  hipDeviceGetName: [ARRAY, 'int', 'int'],
  hipDeviceGetAttribute: [ARRAY, 'int', 'int'],
  hipDriverGetVersion: [ARRAY],
  hipRuntimeGetVersion: [ARRAY],
  hipMemGetInfo: [ARRAY, ARRAY],
  hipMalloc: [ARRAY, 'size_t'],
  hipFree: [HANDLE],
  hipHostMalloc: [ARRAY, 'size_t', 'uint32_t'],
  hipHostFree: [HANDLE],
  hipMemsetAsync: [HANDLE, 'int', 'size_t', HANDLE],
  hipMemcpyAsync: [HANDLE, HANDLE, 'size_t', 'int', HANDLE],
  hipStreamCreateWithFlags: [ARRAY, 'uint32_t'],
  hipStreamDestroy: [HANDLE],
  hipStreamSynchronize: [HANDLE],
  hipEventCreateWithFlags: [ARRAY, 'uint32_t'],
  hipEventDestroy: [HANDLE],
  hipEventRecord: [HANDLE, HANDLE],
  hipEventQuery: [HANDLE],
  hipEventSynchronize: [HANDLE],
  hipEventElapsedTime: [ARRAY, HANDLE, HANDLE],
  hipModuleLoadData: [ARRAY, ARRAY],
  hipModuleUnload: [HANDLE],
  hipModuleGetFunction: [ARRAY, HANDLE, 'str'],
  hipModuleLaunchKernel: [HANDLE, ...Array.from({ length: 7 }, () => 'uint32_t'), HANDLE, ARRAY, HANDLE],
  hipStreamBeginCapture: [HANDLE, 'int'],
  hipStreamEndCapture: [HANDLE, ARRAY],
  hipGraphInstantiate: [ARRAY, HANDLE, HANDLE, HANDLE, 'size_t'],
  hipGraphLaunch: [HANDLE, HANDLE],
  hipGraphDestroy: [HANDLE],
  hipGraphExecDestroy: [HANDLE],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type HipFunction = keyof typeof SIGNATURES;

/** HIP's numbers. */
export const HIP = {
  outOfMemory: 2,
  noDevice: 100,
  invalidDevice: 101,
  notFound: 500,
  notReady: 600,
  hostToDevice: 1,
  deviceToHost: 2,
  /** Streams that do not wait for the default one. */
  nonBlocking: 1,
  eventWithTiming: 0,
  eventWithoutTiming: 2,
  captureThreadLocal: 1,
} as const;

/** A call that failed, with HIP's words for it. */
export class HipError extends Error {
  override readonly name = 'HipError';

  constructor(
    readonly call: string,
    readonly code: number,
    readonly reason: string,
  ) {
    super(`${call}: ${reason} (${code})`);
  }
}

/**
 * Calls into AMD's runtime. All of them are made on the thread that opened it: `hipSetDevice` is a thread's own, and calls
 * of koffi that do not block run on others.
 */
export class HipApi {
  private readonly functions = new Map<HipFunction, (...args: readonly unknown[]) => unknown>();
  private readonly errorString: (code: number) => unknown;

  /** Throws `no-adapter` for a library that lacks something. */
  constructor(readonly library: OpenLibrary) {
    const missing: string[] = [];
    for (const [name, args] of Object.entries(SIGNATURES)) {
      const found = library.func(name, 'int', args);
      if (found === null) missing.push(name);
      else this.functions.set(name as HipFunction, found);
    }
    const errorString = library.func('hipGetErrorString', 'str', ['int']);
    if (errorString === null || missing.length > 0) {
      throw new ForgelightError(
        'no-adapter',
        `${library.path} is no HIP runtime that Forgelight knows: it lacks ${missing.join(', ') || 'hipGetErrorString'}. Install ROCm 5.7 or newer.`,
      );
    }
    this.errorString = errorString;
  }

  /** The error code. */
  code(name: HipFunction, ...args: readonly unknown[]): number {
    const code = this.functions.get(name)?.(...args);
    return typeof code === 'number' ? code : -1;
  }

  /** Throws `HipError` where it fails. */
  call(name: HipFunction, ...args: readonly unknown[]): void {
    const code = this.code(name, ...args);
    if (code !== 0) throw this.error(name, code);
  }

  /** What a function that gives a handle through its first argument gives. Throws `HipError` where it fails. */
  make(name: HipFunction, ...args: readonly unknown[]): bigint {
    const out = new BigUint64Array(1);
    this.call(name, out, ...args);
    return out[0] ?? 0n;
  }

  /** The same of a whole number. */
  number(name: HipFunction, ...args: readonly unknown[]): number {
    const out = new Int32Array(1);
    this.call(name, out, ...args);
    return out[0] ?? 0;
  }

  error(name: string, code: number): HipError {
    return new HipError(name, code, String(this.errorString(code)));
  }
}
