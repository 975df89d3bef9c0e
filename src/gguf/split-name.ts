/** A file's place in a set of several that hold one model: `<stem>-00002-of-00003.gguf`. */
export interface SplitName {
  readonly stem: string;
  /** From 1 on. */
  readonly part: number;
  readonly count: number;
}

/** `null` for a file that is no part of several. Source: `llama_split_path` in llama.cpp. */
export function parseSplitName(name: string): SplitName | null {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/is.exec(name);
  if (match === null) return null;
  const [, stem = '', part, count] = match;
  const split = { stem, part: Number(part), count: Number(count) };
  return split.count > 1 && split.part >= 1 && split.part <= split.count ? split : null;
}

/** The names of all parts, in their order. */
export function splitNames({ stem, count }: Pick<SplitName, 'stem' | 'count'>): readonly string[] {
  const digits = (number: number): string => String(number).padStart(5, '0');
  return Array.from({ length: count }, (_, i) => `${stem}-${digits(i + 1)}-of-${digits(count)}.gguf`);
}

/** The name of the first of all parts, by that of any; a file that is none keeps its own. */
export function firstPartName(name: string): string {
  const split = parseSplitName(name);
  return (split === null ? undefined : splitNames(split)[0]) ?? name;
}

/** What all parts together are called, by the name of any; a file that is none keeps its own. */
export function wholeName(name: string): string {
  const split = parseSplitName(name);
  return split === null ? name : `${split.stem}.gguf`;
}

/** All parts' addresses, by that of any: they lie beside each other. `null` for a file that is no part of several. */
export function splitUrls(url: URL): { readonly stem: string; readonly parts: readonly URL[] } | null {
  const name = url.pathname.split('/').at(-1) ?? '';
  const split = parseSplitName(name);
  if (split === null) return null;
  const parts = splitNames(split).map((partName) => {
    const part = new URL(url);
    part.pathname = url.pathname.slice(0, -name.length) + partName;
    return part;
  });
  return { stem: split.stem, parts };
}
