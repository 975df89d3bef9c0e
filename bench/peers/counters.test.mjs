import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COUNTED, installCounters } from './page/counters.mjs';

const SLOTS = COUNTED.length;

/** @type {any} what scripts see as `self` */
let scope;
/** @type {{ text: string }[]} every script that was made, the last one last */
let scripts = [];

/** A class of WebGPU whose methods tell that they ran, on what and with what. @param {readonly string[]} methods */
function classOf(methods) {
  return class {
    size = 100;
    static {
      for (const name of methods) {
        Object.defineProperty(this.prototype, name, {
          value(/** @type {unknown[]} */ ...args) {
            return { name, on: this, args };
          },
          writable: true,
        });
      }
    }
  };
}

/** A worker that has its script and its listeners in the order in which they came. */
class FakeWorker {
  /** @type {((event: any) => void)[]} */
  listeners = [];
  constructor(/** @type {string} */ url, /** @type {WorkerOptions | undefined} */ options) {
    this.script = scripts[Number(url.split(':')[1])]?.text ?? '';
    this.options = options;
  }
  addEventListener(/** @type {string} */ _type, /** @type {(event: any) => void} */ listener) {
    this.listeners.push(listener);
  }
  /** @param {unknown} data @returns {number} how many listeners heard it */
  hears(data) {
    let heard = 0;
    let isStopped = false;
    for (const listener of this.listeners) {
      if (isStopped) break;
      heard++;
      listener({ data, stopImmediatePropagation: () => (isStopped = true) });
    }
    return heard;
  }
}

beforeEach(() => {
  scripts = [];
  scope = {
    GPUComputePassEncoder: classOf(['dispatchWorkgroups', 'dispatchWorkgroupsIndirect', 'setBindGroup']),
    GPUQueue: classOf(['submit', 'writeBuffer']),
    GPUCommandEncoder: classOf(['beginComputePass']),
    GPUDevice: classOf(['createBindGroup']),
    GPUBuffer: classOf(['mapAsync']),
    GPUMapMode: { READ: 1, WRITE: 2 },
    postMessage: vi.fn(),
  };
  vi.stubGlobal('self', scope);
  vi.stubGlobal('document', {});
  vi.stubGlobal('location', { href: 'http://127.0.0.1/page/' });
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal(
    'Blob',
    class {
      constructor(/** @type {string[]} */ [text]) {
        this.text = text;
      }
    },
  );
  class FakeUrl extends URL {
    /** @param {any} blob */
    static createObjectURL(blob) {
      scripts.push(blob);
      return `blob:${scripts.length - 1}`;
    }
  }
  vi.stubGlobal('URL', FakeUrl);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** @returns {Record<string, number>} those that are not 0 */
function counted() {
  const values = scope.benchCounts();
  return Object.fromEntries(COUNTED.map((name, i) => [name, values[i]]).filter(([, value]) => value !== 0));
}

describe('the counters of a page', () => {
  it('count each call that costs, which does what it did before', () => {
    installCounters('source', SLOTS);
    const pass = new scope.GPUComputePassEncoder();
    expect(pass.dispatchWorkgroups(1, 2, 3)).toEqual({ name: 'dispatchWorkgroups', on: pass, args: [1, 2, 3] });
    pass.dispatchWorkgroupsIndirect();
    pass.setBindGroup(0);
    new scope.GPUQueue().submit([]);
    for (let i = 0; i < 3; i++) new scope.GPUCommandEncoder().beginComputePass();
    for (let i = 0; i < 4; i++) new scope.GPUDevice().createBindGroup();
    for (let i = 0; i < 5; i++) new scope.GPUQueue().writeBuffer();
    expect(counted()).toEqual({ dispatches: 2, submits: 1, passes: 3, bindGroups: 4, bufferWrites: 5 });
  });

  it('count the bytes that are mapped for reading, as many as were asked for', () => {
    installCounters('source', SLOTS);
    const buffer = new scope.GPUBuffer();
    buffer.mapAsync(scope.GPUMapMode.READ, 8, 16);
    expect(counted()).toEqual({ readbackBytes: 16 });
    buffer.mapAsync(scope.GPUMapMode.READ, 8);
    expect(counted()).toEqual({ readbackBytes: 16 + 92 });
    buffer.mapAsync(scope.GPUMapMode.READ);
    buffer.mapAsync(scope.GPUMapMode.WRITE);
    expect(counted()).toEqual({ readbackBytes: 16 + 92 + 100 });
  });

  it('do without what a browser lacks', () => {
    delete scope.GPUQueue;
    installCounters('source', SLOTS);
    expect(counted()).toEqual({});
  });

  it('add up those of every worker below, whose owner does not hear of it', () => {
    installCounters('(install)', SLOTS);
    const worker = new scope.Worker('engine.js', { type: 'module' });
    const heard = vi.fn();
    worker.addEventListener('message', heard);
    const own = new Float64Array(SLOTS);
    worker.hears({ benchCounts: own });
    expect(heard).not.toHaveBeenCalled();
    own[0] = 7; // counted while the page reads
    expect(counted()).toEqual({ dispatches: 7, workers: 1 });
    worker.hears('an answer');
    worker.hears({ benchCounts: 3 });
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it('are in a worker before its first line, whatever its kind', () => {
    installCounters('(install)', SLOTS);
    const module = new scope.Worker('engine.js', { type: 'module', name: 'engine' });
    expect(module.script).toMatch(/^import "blob:\d+"; import "http:\/\/127\.0\.0\.1\/page\/engine\.js";$/);
    const first = Number(/blob:(\d+)/.exec(module.script)?.[1]);
    expect(scripts[first]?.text).toBe(`((install))("(install)", ${SLOTS});`);
    expect(module.options).toEqual({ type: 'module', name: 'engine' });
    const classic = new scope.Worker(new URL('http://127.0.0.1/old.js'));
    expect(classic.script).toBe(`((install))("(install)", ${SLOTS}); importScripts("http://127.0.0.1/old.js");`);
    // Its address must outlive the owner's giving it back.
    const url = 'blob:0';
    expect(URL.revokeObjectURL(url)).toBeUndefined();
  });
});

describe('the counters of a worker', () => {
  it('are told to the page at once, and those of workers below when they come', () => {
    vi.stubGlobal('document', undefined);
    installCounters('source', SLOTS);
    const [[{ benchCounts }]] = scope.postMessage.mock.calls;
    new scope.GPUQueue().submit([]);
    expect(benchCounts[COUNTED.indexOf('submits')]).toBe(1);
    const below = new Float64Array(SLOTS);
    new scope.Worker('below.js').hears({ benchCounts: below });
    expect(scope.postMessage.mock.calls.at(-1)).toEqual([{ benchCounts: below }]);
  });
});
