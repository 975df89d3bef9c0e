/** What is counted, in this order. @typedef {Record<(typeof COUNTED)[number], number>} Counts */
export const COUNTED = /** @type {const} */ ([
  'dispatches',
  'submits',
  'passes',
  'bindGroups',
  'bufferWrites',
  'readbackBytes',
  'workers',
]);

/**
 * Wraps WebGPU's prototypes in this page or worker, and `Worker`, so that every worker below is wrapped before its own first
 * line. Each scope counts in shared memory, which the page reads while a worker computes. The text of this function is what
 * runs in each scope (`self.benchCountersSource`), so it names nothing outside of itself. The page's `self.benchCounts()` adds
 * up all scopes. Needs a page that is cross-origin isolated.
 * @param {string} source text of this function
 * @param {number} slots how many numbers a scope counts
 */
export function installCounters(source, slots) {
  const scope = /** @type {any} */ (self);
  const [DISPATCHES, SUBMITS, PASSES, BIND_GROUPS, BUFFER_WRITES, READBACK_BYTES, WORKERS] = Array(slots).keys();
  const isPage = typeof document !== 'undefined';
  const own = new Float64Array(new SharedArrayBuffer(8 * slots));
  /** @type {Float64Array[]} */
  const counts = [own];
  const tell = (/** @type {Float64Array} */ array) => {
    if (isPage) counts.push(array);
    else scope.postMessage({ benchCounts: array });
  };
  if (!isPage) tell(own);
  scope.benchCounts = () => Array.from(own, (_, slot) => counts.reduce((sum, array) => sum + array[slot], 0));

  /** @param {string} type @param {string} method @param {(self: any, args: any[]) => void} count */
  const wrap = (type, method, count) => {
    const prototype = scope[type]?.prototype;
    const original = prototype?.[method];
    if (!original) return;
    prototype[method] = function (/** @type {any[]} */ ...args) {
      count(this, args);
      return original.apply(this, args);
    };
  };
  /** @param {number} slot */
  const one = (slot) => () => {
    own[slot]++;
  };
  wrap('GPUComputePassEncoder', 'dispatchWorkgroups', one(DISPATCHES));
  wrap('GPUComputePassEncoder', 'dispatchWorkgroupsIndirect', one(DISPATCHES));
  wrap('GPUQueue', 'submit', one(SUBMITS));
  wrap('GPUCommandEncoder', 'beginComputePass', one(PASSES));
  wrap('GPUDevice', 'createBindGroup', one(BIND_GROUPS));
  wrap('GPUQueue', 'writeBuffer', one(BUFFER_WRITES));
  wrap('GPUBuffer', 'mapAsync', (buffer, [mode, offset = 0, sizeBytes = buffer.size - offset]) => {
    if (mode & scope.GPUMapMode.READ) own[READBACK_BYTES] += sizeBytes;
  });

  // A worker's script is imported by one of ours, perhaps after its owner has given the address back.
  URL.revokeObjectURL = () => {};
  const script = (/** @type {string} */ text) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const install = `(${source})(${JSON.stringify(source)}, ${slots});`;
  scope.Worker = class extends Worker {
    /** @param {string | URL} url @param {WorkerOptions} [options] */
    constructor(url, options) {
      const target = JSON.stringify(new URL(url, location.href).href);
      const isModule = options?.type === 'module';
      super(
        script(
          isModule
            ? `import ${JSON.stringify(script(install))}; import ${target};`
            : `${install} importScripts(${target});`,
        ),
        options,
      );
      own[WORKERS]++;
      // Comes before every listener of the owner, who shall not see it.
      this.addEventListener('message', (event) => {
        if (!(event.data?.benchCounts instanceof Float64Array)) return;
        event.stopImmediatePropagation();
        tell(event.data.benchCounts);
      });
    }
  };
}
