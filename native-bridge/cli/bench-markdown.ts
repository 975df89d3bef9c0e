import { formatBytes } from '../../src/base/units';
import type { BenchReport } from './bench';

/** The report as it can be put into an issue. */
export function benchMarkdown(report: BenchReport): string {
  const { system, gpus, amdgpu, device, model, runs, best, engine } = report;
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
    '',
    '| run | prompt tokens | read, tok/s | answer tokens | written, tok/s |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    `Best: ${best.promptPerSecond.toFixed(1)} tok/s read, ${best.predictedPerSecond.toFixed(1)} tok/s written.`,
    ...(engine === null ? [] : ['', ...engineLines(engine)]),
    '',
  ].join('\n');
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
