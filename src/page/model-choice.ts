import type { EngineOptions } from '../client/index';
import { TEXT } from './messages';

/** A model that a person picked, or that the page offers first. */
export interface ModelChoice {
  readonly reference: EngineOptions['model'];
  /** The name that people know it by; what a file says of itself is often a build's label. */
  readonly name: string;
  /** Whether its bytes come from this computer: a file, or a server on it. */
  readonly local: boolean;
  /** Of what this browser keeps: where it came from, and others may fetch it, too. */
  readonly addresses?: readonly string[];
  readonly sha256?: string;
  readonly sizeBytes?: number;
  readonly licence?: string;
  /** Access token of the hub, for gated models; never kept. */
  readonly hubToken?: string;
  /** Another server's, by way of the program on this computer. */
  readonly device?: 'bridge';
  /** What was found out about whether it fits, as a sentence. */
  readonly verdict?: string;
}

/** What the page does when it opens. */
export interface Start {
  readonly choice: ModelChoice;
  /** Load without being asked. */
  readonly autoload: boolean;
}

export type Parsed =
  | { readonly ok: true; readonly choice: ModelChoice }
  | { readonly ok: false; readonly problem: string };

const DEFAULT_FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const HUB_REFERENCE = /^hf:[^/\s]+\/(?:[^/\s:]+:[\w.-]+|[^/\s]+\/\S+\.gguf)$/i;

/** The model that the server of this page keeps ready. */
function defaultChoice(pageUrl: URL): ModelChoice {
  return {
    reference: new URL(`/models/${DEFAULT_FILE}`, pageUrl).href,
    name: 'SmolLM2-135M-Instruct',
    local: isLoopback(pageUrl),
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    sizeBytes: 98_362_432,
    licence: 'Apache-2.0',
  };
}

export function choiceOfFile(file: File): ModelChoice {
  return { reference: file, name: file.name, local: true, sizeBytes: file.size };
}

/** Several files are the parts of one model. */
export function choiceOfFiles(files: readonly File[]): ModelChoice | null {
  const [first] = files;
  if (first === undefined) return null;
  if (files.length === 1) return choiceOfFile(first);
  const sizeBytes = files.reduce((sum, file) => sum + file.size, 0);
  return { reference: files, name: first.name, local: true, sizeBytes };
}

/** What was typed as an address: `https://…`, `hf:owner/repo/file.gguf`, `hf:owner/repo:Q4_K_M`, or `http://` on this computer. */
export function parseAddress(text: string): Parsed {
  const address = text.trim();
  const problems = TEXT.model.urlProblems;
  if (address === '') return { ok: false, problem: problems.empty };
  if (/^hf:/i.test(address)) {
    return HUB_REFERENCE.test(address)
      ? { ok: true, choice: { reference: withScheme(address), name: lastSegment(address), local: false } }
      : { ok: false, problem: problems.hub };
  }
  if (!/^https?:/i.test(address)) return { ok: false, problem: problems.scheme };
  if (!URL.canParse(address)) return { ok: false, problem: problems.malformed };
  const url = new URL(address);
  if (url.protocol === 'http:' && !isLoopback(url)) return { ok: false, problem: problems.insecure };
  return { ok: true, choice: choiceOfUrl(url) };
}

/** `hf:owner/repo`, where what was typed names a repository and none of its files; `null` otherwise. */
export function repositoryOf(text: string): string | null {
  const repository = /^(hf:[^/\s]+\/[^/\s:]+)\/?$/i.exec(text.trim())?.[1];
  return repository === undefined ? null : withScheme(repository);
}

/** Small letters, as the engine reads it: `HF:` is typed, too. */
function withScheme(address: string): string {
  return `hf:${address.slice('hf:'.length)}`;
}

/**
 * Reads `?model=` and `?autoload=0`. An address in a link may be anyone's: it loads by itself only from this page's own origin or from
 * this computer; any other waits for a click.
 */
export function startOf(pageUrl: URL): Start {
  const wanted = pageUrl.searchParams.get('model');
  const mayLoad = pageUrl.searchParams.get('autoload') !== '0';
  if (wanted === null) return { choice: defaultChoice(pageUrl), autoload: mayLoad };
  const sameOrigin = wanted.startsWith('/') && URL.canParse(wanted, pageUrl) ? new URL(wanted, pageUrl).href : wanted;
  const url = URL.canParse(sameOrigin) ? new URL(sameOrigin) : null;
  if (url?.origin === pageUrl.origin) return { choice: choiceOfUrl(url), autoload: mayLoad };
  const parsed = parseAddress(sameOrigin);
  if (!parsed.ok) return { choice: defaultChoice(pageUrl), autoload: false };
  return { choice: parsed.choice, autoload: mayLoad && parsed.choice.local };
}

function choiceOfUrl(url: URL): ModelChoice {
  return { reference: url.href, name: lastSegment(url.pathname), local: isLoopback(url) };
}

function lastSegment(path: string): string {
  return decodeURIComponentOrKeep(path.split('/').at(-1) ?? path);
}

/** Percent signs that encode nothing are legal in a path: such a name is shown as it stands. */
function decodeURIComponentOrKeep(text: string): string {
  return /^(?:[^%]|%[0-7][0-9a-f])*$/i.test(text) ? decodeURIComponent(text) : text;
}

function isLoopback(url: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}
