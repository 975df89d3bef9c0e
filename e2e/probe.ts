/** What happens in an engine's worker, in the order in which it happens there. */
export type ProbeEvent =
  /** GPU buffers that exist, after a change. */
  | { readonly type: 'buffers'; readonly worker: string; readonly live: LiveBuffers }
  | { readonly type: 'submit' }
  /** What a request's port was told, but for `accepted`. */
  | { readonly type: 'token' | 'prefill' | 'logits' | 'ended'; readonly requestId: number }
  /** The device has fallen silent and waits to be lost. */
  | { readonly type: 'silent' };

/** A page asks how far its workers are; each answers behind all that it has told. */
type Question = { readonly type: 'question' | 'answer'; readonly id: string };

export interface LiveBuffers {
  readonly count: number;
  readonly bytes: number;
}

/** When a device falls silent, to be lost. */
export interface Losing {
  /** After each so many tokens. */
  readonly everyTokens?: number;
  /** While a model is loaded onto it: the first device is 1. */
  readonly duringLoad?: number;
}

/** What `INSTALL_PROBE` leaves in the page. */
export interface Probe {
  /** For `createEngine`: the library's worker, under observation. */
  workerUrl(library: string, losing?: Losing): string;
  /** Of all workers together. */
  readonly events: ProbeEvent[];
  /**
   * Resolves once `events` has all that happened before in the workers, of which so many live: they take a longer way than what a worker
   * tells the page itself.
   */
  caughtUp(workers?: number): Promise<void>;
  /** The buffers of all workers, as each told it last. */
  live(): LiveBuffers;
  onSilence: () => void;
}

/**
 * Runs in the worker, beside the engine. A device that is to be lost falls silent first: at that very token, it gives no further result.
 * Its process is then killed for real.
 */
function observe(channel: string, { everyTokens = 0, duringLoad = 0 }: Losing): void {
  const port = new BroadcastChannel(channel);
  const worker = crypto.randomUUID();
  const tell = (event: ProbeEvent): void => port.postMessage(event);
  port.addEventListener('message', ({ data }: MessageEvent<ProbeEvent | Question>) => {
    if (data.type === 'question') port.postMessage({ type: 'answer', id: data.id } satisfies Question);
  });
  /** A method as it was, to be called on the object that the new one is called on. */
  const original = <T extends object, K extends keyof T>(prototype: T, name: K): T[K] => prototype[name];
  const live = new Map<GPUBuffer, number>();
  const tellBuffers = (): void =>
    tell({ type: 'buffers', worker, live: { count: live.size, bytes: [...live.values()].reduce((a, b) => a + b, 0) } });
  let [tokens, devices] = [0, 0];
  let silence: Promise<never> | null = null;
  let endSilence: (error: DOMException) => void = () => undefined;

  const createBuffer = original(GPUDevice.prototype, 'createBuffer');
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    live.set(buffer, descriptor.size);
    tellBuffers();
    return buffer;
  };
  const destroy = original(GPUBuffer.prototype, 'destroy');
  const mapAsync = original(GPUBuffer.prototype, 'mapAsync');
  GPUBuffer.prototype.destroy = function () {
    if (live.delete(this)) tellBuffers();
    return destroy.call(this);
  };
  GPUBuffer.prototype.mapAsync = async function (...range) {
    await mapAsync.call(this, ...range);
    return silence ?? undefined;
  };
  const submit = original(GPUQueue.prototype, 'submit');
  GPUQueue.prototype.submit = function (buffers) {
    tell({ type: 'submit' });
    return submit.call(this, buffers);
  };
  const fallSilent = (): void => {
    silence = new Promise((_, reject) => (endSilence = reject));
    silence.catch(() => undefined);
    tell({ type: 'silent' });
  };
  const requestDevice = original(GPUAdapter.prototype, 'requestDevice');
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    devices += 1;
    void device.lost.then(() => {
      endSilence(new DOMException('The device is lost.', 'AbortError'));
      silence = null;
    });
    return device;
  };
  const createComputePipelineAsync = original(GPUDevice.prototype, 'createComputePipelineAsync');
  GPUDevice.prototype.createComputePipelineAsync = async function (descriptor) {
    if (devices === duringLoad) {
      if (silence === null) fallSilent();
      await this.lost;
    }
    return createComputePipelineAsync.call(this, descriptor);
  };
  const postMessage = original(MessagePort.prototype, 'postMessage');
  MessagePort.prototype.postMessage = function (message: ProbeEvent, ...rest: []) {
    if (['token', 'prefill', 'logits', 'ended'].includes(message?.type)) tell({ ...message });
    postMessage.call(this, message, ...rest);
    if (message?.type === 'token' && (tokens += 1) % everyTokens === 0 && silence === null) fallSilent();
  };
}

/** The expression that makes `Probe` a global of the page it is evaluated in. */
export const INSTALL_PROBE = `(${install.toString()})(${JSON.stringify(observe.toString())})`;

function install(observeSource: string): void {
  const name = crypto.randomUUID();
  const channel = new BroadcastChannel(name);
  const buffers = new Map<string, LiveBuffers>();
  const answered = new Map<string, () => void>();
  const probe: Probe = {
    workerUrl(library, losing = {}) {
      const worker = new URL('worker.js', library).href;
      const script = `import ${JSON.stringify(worker)};(${observeSource})(${JSON.stringify(name)}, ${JSON.stringify(losing)});`;
      return URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    },
    events: [],
    caughtUp: (workers = 1) =>
      new Promise((resolve) => {
        const id = crypto.randomUUID();
        let left = workers;
        answered.set(id, () => (left -= 1) === 0 && resolve());
        channel.postMessage({ type: 'question', id } satisfies Question);
      }),
    live() {
      const all = [...buffers.values()];
      return {
        count: all.reduce((sum, { count }) => sum + count, 0),
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      };
    },
    onSilence: () => undefined,
  };
  channel.addEventListener('message', ({ data }: MessageEvent<ProbeEvent | Question>) => {
    if ('id' in data) return answered.get(data.id)?.();
    probe.events.push(data);
    if (data.type === 'buffers') buffers.set(data.worker, data.live);
    if (data.type === 'silent') probe.onSilence();
  });
  Object.assign(globalThis, { probe });
}
