/** Counters of the daemon, in Prometheus' text format. Source: its exposition formats, version 0.0.4. */
export class Metrics {
  private readonly requests = new Map<string, number>();

  /** `route` is a pattern, never a path: what a client writes must not make new series. */
  countRequest(route: string, status: number): void {
    const labels = `{route="${route}",status="${status}"}`;
    this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1);
  }

  /** `gauges` and `counters`: name without prefix → value now. */
  text(gauges: Readonly<Record<string, number>>, counters: Readonly<Record<string, number>>): string {
    return [
      '# TYPE forgelight_requests_total counter',
      ...[...this.requests].map(([labels, count]) => `forgelight_requests_total${labels} ${count}`),
      ...Object.entries(gauges).flatMap(([name, value]) => series(name, 'gauge', value)),
      ...Object.entries(counters).flatMap(([name, value]) => series(`${name}_total`, 'counter', value)),
      '',
    ].join('\n');
  }
}

function series(name: string, type: 'gauge' | 'counter', value: number): string[] {
  const full = `forgelight_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`;
  return [`# TYPE ${full} ${type}`, `${full} ${value}`];
}
