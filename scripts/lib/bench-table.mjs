// The results of `npm run bench` as text.

/** @typedef {Awaited<ReturnType<typeof import('./bench-page.mjs').measure>>} Measured */
/** @typedef {Measured & { weights: ReturnType<typeof weightRates>, date: string }} BenchResult */

const BAR_WIDTH = 40;

/**
 * Decode steps a second. `predicted_per_second` counts the first token of an answer too, whose step is the prompt's; 0 where no other came.
 * @param {Pick<Measured['answers'][number]['timings'], 'predicted_n' | 'predicted_ms'>} timings
 */
export function decodeRate({ predicted_n, predicted_ms }) {
  return predicted_ms > 0 ? ((predicted_n - 1) * 1000) / predicted_ms : 0;
}

/** How fast weights were read while each answer was written, and as a share of what the memory can. @param {Measured} measured */
export function weightRates({ answers, stats, bandwidth }) {
  return answers.map(({ context, timings }) => {
    const bytesPerSecond = stats.lastStep.weightBytesRead * decodeRate(timings);
    return { context, bytesPerSecond, ofBandwidth: bytesPerSecond / bandwidth };
  });
}

/** @param {BenchResult} result */
export function table(result) {
  const { info, loadSeconds, answers, left, stats, concurrent, bandwidth, weights } = result;
  const step = stats.lastStep;
  const shapes = Object.entries(stats.variants).map((pair) => pair.join('='));
  const rows = [
    ['model', `${info.model.name} ${info.model.quantisation}`],
    ['adapter', `${info.device.name} (${info.device.features.join(', ') || 'no features'})`],
    ['bandwidth', `${gigabytes(bandwidth)} GB/s, of a kernel that copies`],
    ['kernels', shapes.join(' ')],
    ['load', `${loadSeconds.toFixed(1)} s (${phasesOf(result).join(', ')})`],
    ...answers.slice(0, 1).map(({ timings }) => {
      const promptSeconds = timings.prompt_ms / 1000;
      return [
        'first token',
        `${(loadSeconds + promptSeconds).toFixed(1)} s after the call of createEngine: ${promptSeconds.toFixed(1)} s for a prompt of ${timings.prompt_n} tokens`,
      ];
    }),
    ...answers.flatMap(({ context, timings }, i) => {
      const rates = weights[i];
      if (rates === undefined) return [];
      const { bytesPerSecond, ofBandwidth } = rates;
      return [
        ['prefill', `${timings.prompt_per_second.toFixed(2)} tokens/s over ${timings.prompt_n}`],
        [
          'decode',
          `${decodeRate(timings).toFixed(2)} tokens/s at ${context}: weights at ${gigabytes(bytesPerSecond)} GB/s, ${(ofBandwidth * 100).toFixed(1)} % of the bandwidth`,
        ],
      ];
    }),
    ...(left.length === 0
      ? []
      : [
          [
            'not measured',
            `${left.join(', ')}: with the answer more than the ${info.model.contextLength} tokens it holds`,
          ],
        ]),
    [
      'per decoded token',
      `${step.dispatches} dispatches, ${step.submits} submit, ${step.passes} pass, ${step.bindGroupsCreated} bind groups, ${step.bufferWrites} buffer write, ${step.readbackBytes} bytes read back, ${step.buffersCreated} buffers made`,
    ],
    ...concurrent.map(({ streams, tokensPerSecond }) => [
      `${streams} at once`,
      `${tokensPerSecond.toFixed(2)} tokens/s together, ${(tokensPerSecond / (concurrent[0]?.tokensPerSecond ?? 1)).toFixed(2)} × one`,
    ]),
    ['GPU memory', `${(stats.gpuBytes / 1e6).toFixed(1)} MB`],
  ];
  const lines = rows.map(([name, value]) => `${String(name).padEnd(18)} ${value}`);
  return [...lines, ...kernelLines(result)].join('\n');
}

/** Seconds of each phase of the load, and what none of them accounts for: they add up. @param {BenchResult} result */
function phasesOf({ loadSeconds, stats }) {
  const phases = Object.entries(stats.loadMs).map(([phase, ms]) => ({ phase, seconds: Number(ms) / 1000 }));
  const told = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  const all = [...phases, { phase: 'other', seconds: Math.max(0, loadSeconds - told) }];
  return all.map(({ phase, seconds }) => `${phase} ${seconds.toFixed(2)}`);
}

/** What each kernel took, the longest first, with a bar of its share. @param {BenchResult} result */
function kernelLines({ kernels }) {
  const total = kernels.reduce((sum, { gpuMs }) => sum + gpuMs, 0);
  if (total === 0) return [];
  const width = Math.max(...kernels.map(({ kernel }) => kernel.length));
  return [
    '\nGPU time of the first context’s answer, a pass a dispatch',
    ...kernels.map(({ kernel, dispatches, gpuMs }) => {
      const share = gpuMs / total;
      const figures = `${gpuMs.toFixed(2).padStart(10)} ms ${String(dispatches).padStart(6)} × ${(share * 100).toFixed(1).padStart(5)} %`;
      return `${kernel.padEnd(width)} ${figures} ${'█'.repeat(Math.round(share * BAR_WIDTH))}`;
    }),
  ];
}

/** The rates of `now` beside those of an earlier run. @param {BenchResult} now @param {BenchResult} before */
export function comparison(now, before) {
  const rates = (/** @type {BenchResult} */ { answers, loadSeconds }) =>
    new Map([
      ['load', 1 / loadSeconds],
      ...answers.flatMap(({ context, timings }) => [
        /** @type {const} */ ([`prefill ${context}`, timings.prompt_per_second]),
        /** @type {const} */ ([`decode ${context}`, decodeRate(timings)]),
      ]),
    ]);
  const earlier = rates(before);
  const lines = [...rates(now)].flatMap(([name, rate]) => {
    const known = earlier.get(name);
    return known === undefined || known === 0 ? [] : [`${name.padEnd(18)} ${(rate / known).toFixed(2)} × as fast`];
  });
  return [`\nBeside the run of ${before.date}`, ...lines].join('\n');
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return (bytes / 1e9).toFixed(2);
}
