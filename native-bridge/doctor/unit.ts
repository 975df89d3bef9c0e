/** A unit of systemd with its drop-ins, as far as the doctor reads it. Source: systemd.syntax(7), systemd.exec(5). */
export class Unit {
  private readonly settings = new Map<string, string[]>();

  /** `texts`: the unit, then its drop-ins in their order. `home` is what `%h` stands for. */
  constructor(texts: readonly string[], home: string) {
    for (const line of texts.flatMap(linesOf)) {
      const [, name, value = ''] = /^\s*([A-Za-z]+)\s*=(.*)$/.exec(line) ?? [];
      if (name !== undefined) this.assign(name, value.trim().replaceAll('%h', home));
    }
  }

  /** All that was assigned: settings that are lists have all of it. */
  all(name: string): readonly string[] {
    return this.settings.get(name) ?? [];
  }

  /** What counts of a setting that has one value; empty: its default. */
  last(name: string): string {
    return this.all(name).at(-1) ?? '';
  }

  isOn(name: string): boolean {
    return /^(1|y|yes|t|true|on)$/i.test(this.last(name));
  }

  /** Variables of what it starts; those of several assignments add up. */
  environment(): ReadonlyMap<string, string> {
    const pairs = this.all('Environment').flatMap(wordsOf);
    return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  }

  /** An empty value takes away what was assigned before. */
  private assign(name: string, value: string): void {
    this.settings.set(name, value === '' ? [] : [...this.all(name), value]);
  }
}

/** Without comments, and each as a whole that a backslash continues; comments may stand between its parts. */
function linesOf(text: string): readonly string[] {
  return text
    .replace(/^[ \t]*[#;].*\n?/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
}

/** Words of a value, without their quotes, between which there may be spaces. */
export function wordsOf(value: string): readonly string[] {
  const words = value.match(/("[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}
