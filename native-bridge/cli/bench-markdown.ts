import type { KernelTime } from '../../src/base/counters';
import { formatBytes } from '../../src/base/units';
import { printable } from '../server/log-format';
import type { BenchReport } from './bench';

/** Kernels beyond these take next to nothing. */
const MOST_KERNELS = 30;

/** The report as it can be put into an issue. */
export function benchMarkdown(report: BenchReport): string {
  const { system, gpus, amdgpu, device, model, runs, engine, kernels } = report;
  const rows = runs.map(
    ({ prompt_n, prompt_per_second, predicted_n, predicted_per_second }, i) =>
      `| ${i + 1} | ${prompt_n} | ${prompt_per_second.toFixed(1)} | ${predicted_n} | ${predicted_per_second.toFixed(1)} |`,
  );
  const gpu = gpus.length === 0 ? 'none of AMD' : gpus.join(', ');
  return [
    `## Forgelight ${report.forgelight}: ${model}`,
    '',
    `- device: ${device ?? 'unknown'}`,
    `- system: ${system.platform}, kernel ${system.kernel}, ${system.cpu}, ${formatBytes(system.memoryBytes)}`,
    `- GPU: ${gpu}; amdgpu ${amdgpu ?? 'of the kernel'}; Node ${report.node}`,
    ...hipLines(report),
    '',
    '| run | prompt tokens | read, tok/s | answer tokens | written, tok/s |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    bestLine(report),
    ...(engine === null ? [] : ['', ...engineLines(engine)]),
    ...(kernels === null ? [] : ['', ...kernelLines(kernels)]),
    '',
  ]
    .map(printable) // names of models and devices stay in their line
    .join('\n');
}

function hipLines({ hip }: BenchReport): readonly string[] {
  if (hip === null) return [];
  const bandwidth = hip.bandwidth === null ? 'not measured' : `${perSecond(hip.bandwidth)}, of a kernel that adds`;
  return [`- HIP: ${hip.features.join(', ')}; kernels ${hip.build}`, `- memory of the GPU: ${bandwidth}`];
}

function bestLine({ best }: BenchReport): string {
  const { promptPerSecond, predictedPerSecond, bytesPerSecond, ofBandwidth } = best;
  const share = ofBandwidth === null ? '' : `, ${(100 * ofBandwidth).toFixed(1)} % of what the memory gave a kernel`;
  const weights = bytesPerSecond === null ? '' : ` Weights were read at ${perSecond(bytesPerSecond)}${share}.`;
  return `Best: ${promptPerSecond.toFixed(1)} tok/s read, ${predictedPerSecond.toFixed(1)} tok/s written.${weights}`;
}

function engineLines(engine: NonNullable<BenchReport['engine']>): readonly string[] {
  const counters = Object.entries(engine.lastStep).map(([name, value]) => `${name} ${String(value)}`);
  const variants = Object.entries(engine.variants).map(([kernel, variant]) => `${kernel} ${variant}`);
  return [
    `- memory of the device: ${formatBytes(engine.gpuBytes)}, ${engine.pipelinesCreated} pipelines`,
    `- last step: ${counters.join(', ')}`,
    ...(variants.length === 0 ? [] : [`- variants: ${variants.join(', ')}`]),
  ];
}

function kernelLines(kernels: readonly KernelTime[]): readonly string[] {
  if (kernels.length === 0) return ['Kernels: this device does not measure them.'];
  const total = kernels.reduce((sum, { gpuMs }) => sum + gpuMs, 0);
  return [
    `Kernels of one run more, each launch between two events: ${total.toFixed(2)} ms together.`,
    '',
    '| kernel | launches | ms | µs each | share |',
    '|---|---|---|---|---|',
    ...kernels.slice(0, MOST_KERNELS).map(({ kernel, dispatches, gpuMs }) => {
      const each = (1000 * gpuMs) / dispatches;
      const share = total === 0 ? 0 : (100 * gpuMs) / total;
      return `| ${kernel} | ${dispatches} | ${gpuMs.toFixed(2)} | ${each.toFixed(1)} | ${share.toFixed(1)} % |`;
    }),
  ];
}

function perSecond(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e9).toFixed(2)} GB/s`;
}
