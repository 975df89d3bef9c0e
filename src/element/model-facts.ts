/** What is known of a model before it is loaded. */
export interface ModelFacts {
  readonly name: string;
  /** `null`: not known. */
  readonly sizeBytes: number | null;
}

/** By the reference alone: the last part of its address. */
export function factsOf(src: string): ModelFacts {
  return { name: lastPart(src), sizeBytes: null };
}

/** The catalogue's words, which are fetched for a reference to the hub alone; `null` where it does not have the model, or cannot be fetched. */
export async function catalogueFacts(src: string): Promise<ModelFacts | null> {
  if (!src.startsWith('hf:')) return null;
  try {
    const { CATALOGUE } = await import('../client/catalogue');
    const known = CATALOGUE.find(({ model }) => model === src);
    return known === undefined ? null : { name: known.name, sizeBytes: known.sizeBytes };
  } catch {
    return null; // offline: the name will do
  }
}

/**
 * The size of a plain address, in bytes, from the headers of a HEAD request; `null` where the server does not tell. A hub's references are
 * not asked for, nor is a model in several files, whose first file says little.
 */
export async function askSize(src: string, pageUrl: string, ask: typeof fetch): Promise<number | null> {
  if (!URL.canParse(src, pageUrl) || /-\d{5}-of-\d{5}\.gguf/i.test(src)) return null;
  const url = new URL(src, pageUrl);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  try {
    const response = await ask(url.href, { method: 'HEAD', credentials: 'omit', referrerPolicy: 'no-referrer' });
    const length = response.headers.get('content-length');
    // Of a compressed answer it is not the file's.
    if (!response.ok || length === null || response.headers.has('content-encoding')) return null;
    const sizeBytes = Number(length);
    return Number.isSafeInteger(sizeBytes) && sizeBytes > 0 ? sizeBytes : null;
  } catch {
    // Offline, or not readable across origins: the poster says nothing then, and a load will say why.
    return null;
  }
}

function lastPart(src: string): string {
  const path = src.replace(/[?#].*$/, '');
  const part = path.split('/').findLast((each) => each !== '') ?? src;
  return /^(?:[^%]|%[0-7][0-9a-f])*$/i.test(part) ? decodeURIComponent(part) : part;
}
