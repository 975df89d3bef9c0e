// `npm run bench`: prefill and decode of the default model in a browser on this machine, as a table; `--json` for JSON.
// `--variants matvec=lanes,matmul=tile` forces kernel shapes, `--adapter` uses the real graphics card, `--streams` also
// decodes 1, 2, 4 and 8 answers at once, side by side in one run.
import { parseArgs } from 'node:util';
import { prepareBench, withBenchBrowser } from './lib/bench-setup.mjs';
import { runScript } from './lib/command.mjs';

const PROMPT_TOKENS = 64;
const DECODE_TOKENS = 16;
const STREAMS = [1, 2, 4, 8];

await runScript(async (signal) => {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      adapter: { type: 'boolean', default: false },
      variants: { type: 'string', default: '' },
      streams: { type: 'boolean', default: false },
    },
  });
  const { executablePath, timeouts } = await prepareBench(signal);
  const result = await measureInBrowser(executablePath, { ...values, timeouts });
  console.log(values.json ? JSON.stringify(result, null, 2) : table(result));
  return 0;
});

/** @typedef {Awaited<ReturnType<typeof measureInBrowser>>} Measured */

/** @param {string} executablePath @param {{ adapter: boolean, variants: string, timeouts: object, streams: boolean }} options */
function measureInBrowser(executablePath, options) {
  const variants = Object.fromEntries(
    options.variants
      .split(',')
      .filter(Boolean)
      .map((pair) => pair.split('=')),
  );
  return withBenchBrowser({ executablePath, adapter: options.adapter }, async (openPage) => {
    const page = await openPage();
    return page.evaluate(measure, {
      variants,
      timeouts: options.timeouts,
      promptTokens: PROMPT_TOKENS,
      decodeTokens: DECODE_TOKENS,
      streams: options.streams ? STREAMS : [],
    });
  });
}

/**
 * Runs in the page.
 * @param {{ variants: Record<string, string>, timeouts: object, promptTokens: number, decodeTokens: number, streams: number[] }} input
 */
async function measure({ variants, timeouts, promptTokens, decodeTokens, streams }) {
  const library = '/lib/index.js';
  const { createEngine } = await import(library);
  const started = performance.now();
  const engine = await createEngine({
    model: '/models/SmolLM2-135M-Instruct.Q4_1.gguf',
    timeouts,
    debug: { variants },
  });
  const loadSeconds = (performance.now() - started) / 1000;
  const words = await engine.tokenize('The quick brown fox jumps over the lazy dog. '.repeat(promptTokens));
  const answer = await engine.completions.create({
    prompt: words.slice(0, promptTokens),
    max_tokens: decodeTokens + 1,
    temperature: 0,
  });
  const stats = await engine.stats();
  const { info } = engine;
  /** Times at which each token of an answer came, of answers that differ from their second token on. */
  const tokenTimes = async (/** @type {number} */ first) => {
    const chunks = await engine.completions.create({
      prompt: [words[0], words[first]],
      max_tokens: decodeTokens + 1,
      temperature: 0,
      stream: true,
    });
    const times = [];
    for await (const chunk of chunks) if (chunk.choices[0]?.finish_reason === null) times.push(performance.now());
    return times;
  };
  const concurrent = [];
  for (const count of streams) {
    const times = await Promise.all(Array.from({ length: count }, (_, i) => tokenTimes(i + 1)));
    // While all of them decode, and nothing else happens.
    const from = Math.max(...times.map((own) => own[0] ?? Infinity));
    const to = Math.min(...times.map((own) => own.at(-1) ?? 0));
    const tokens = times.flat().filter((time) => time > from && time <= to).length;
    concurrent.push({ streams: count, tokensPerSecond: (tokens * 1000) / (to - from) });
  }
  await engine.close();
  return { info, loadSeconds, timings: answer.timings, stats, concurrent };
}

/** @param {Measured} result */
function table({ info, loadSeconds, timings, stats, concurrent }) {
  const step = stats.lastStep;
  const rows = [
    ['model', `${info.model.name} ${info.model.quantisation}`],
    ['adapter', `${info.device.name} (${info.device.features.join(', ') || 'no features'})`],
    [
      'kernels',
      Object.entries(stats.variants)
        .map((pair) => pair.join('='))
        .join(' '),
    ],
    [
      'load',
      `${loadSeconds.toFixed(1)} s (${Object.entries(stats.loadMs)
        .map(([phase, ms]) => `${phase} ${(Number(ms) / 1000).toFixed(1)}`)
        .join(', ')})`,
    ],
    ['prefill', `${timings.prompt_per_second.toFixed(2)} tokens/s over ${timings.prompt_n}`],
    ['decode', `${timings.predicted_per_second.toFixed(2)} tokens/s over ${timings.predicted_n}`],
    [
      'per decoded token',
      `${step.dispatches} dispatches, ${step.submits} submit, ${step.passes} pass, ${step.bindGroupsCreated} bind groups, ${step.bufferWrites} buffer write, ${step.readbackBytes} bytes read back`,
    ],
    ...concurrent.map(({ streams, tokensPerSecond }) => [
      `${streams} at once`,
      `${tokensPerSecond.toFixed(2)} tokens/s together, ${(tokensPerSecond / (concurrent[0]?.tokensPerSecond ?? 1)).toFixed(2)} × one`,
    ]),
    ['GPU memory', `${(stats.gpuBytes / 1e6).toFixed(1)} MB`],
  ];
  return rows.map(([name, value]) => `${String(name).padEnd(18)} ${value}`).join('\n');
}
