/** Counters of the daemon, in Prometheus' text format. Source: its exposition formats, version 0.0.4. */
export class Metrics {
  private readonly requests = new Map<string, number>();

  /** `route` is a pattern, never a path: what a client writes must not make new series. */
  countRequest(route: string, status: number): void {
    const labels = `{route="${route}",status="${status}"}`;
    this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1);
  }

  /** `values`: name without prefix → value now; what ends with `_total` only grows. */
  text(values: Readonly<Record<string, number>>): string {
    return [
      '# TYPE forgelight_requests_total counter',
      ...[...this.requests].map(([labels, count]) => `forgelight_requests_total${labels} ${count}`),
      ...Object.entries(values).flatMap(([name, value]) => {
        const full = `forgelight_${name.replace(/\W/g, '_')}`;
        return [`# TYPE ${full} ${full.endsWith('_total') ? 'counter' : 'gauge'}`, `${full} ${value}`];
      }),
      '',
    ].join('\n');
  }
}
