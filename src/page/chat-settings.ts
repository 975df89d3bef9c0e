import { SAMPLING_RANGES, type SamplingName } from '../client/index';

/** How the model is to answer in one conversation, by OpenAI's names. */
export interface ChatSettings {
  /** The system prompt; empty: none. */
  readonly system: string;
  readonly sampling: Sampling;
}

/** What is absent is the engine's default. */
export type Sampling = { readonly [Name in SamplingName]?: number };

export const DEFAULT_SETTINGS: ChatSettings = { system: '', sampling: {} };

export const SAMPLING_NAMES = Object.keys(SAMPLING_RANGES) as readonly SamplingName[];

export type PresetName = keyof typeof PRESETS;

/** What a preset leaves alone. */
const LASTING: readonly SamplingName[] = ['max_tokens', 'seed'];

/** How adventurous answers are. */
export const PRESETS = {
  exact: { temperature: 0 },
  balanced: {},
  creative: { temperature: 1.2, min_p: 0.1 },
} as const satisfies Readonly<Record<string, Sampling>>;

/**
 * Settings out of storage or of an imported file. Whatever is not what it should be is the default: an old or a foreign file must not
 * keep a conversation from being opened.
 */
export function parseSettings(input: unknown): ChatSettings {
  const { system, sampling } = recordOf(input);
  const given = recordOf(sampling);
  return {
    system: typeof system === 'string' ? system : '',
    sampling: samplingOf((name) => {
      const value = given[name];
      return typeof value === 'number' && isInRange(name, value) ? value : undefined;
    }),
  };
}

/** The same out of JSON; `null` where there is none. */
export function readSettings(json: string | null): ChatSettings | null {
  try {
    return json === null ? null : parseSettings(JSON.parse(json));
  } catch {
    return null;
  }
}

/** The settings that `valueOf` has a value for. */
export function samplingOf(valueOf: (name: SamplingName) => number | undefined): Sampling {
  const entries = SAMPLING_NAMES.flatMap((name) => {
    const value = valueOf(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

export function withPreset(sampling: Sampling, preset: PresetName): Sampling {
  return { ...PRESETS[preset], ...samplingOf((name) => (LASTING.includes(name) ? sampling[name] : undefined)) };
}

/** The preset that these are; `null`: they are somebody's own. */
export function presetOf(sampling: Sampling): PresetName | null {
  const names = Object.keys(PRESETS) as readonly PresetName[];
  return names.find((preset) => isSame(sampling, withPreset(sampling, preset))) ?? null;
}

export function isSame(a: Sampling, b: Sampling): boolean {
  return SAMPLING_NAMES.every((name) => a[name] === b[name]);
}

/** Whether the engine takes it. */
export function isInRange(name: SamplingName, value: number): boolean {
  const { min, max, whole } = SAMPLING_RANGES[name];
  return value >= min && value <= max && (!whole || Number.isInteger(value));
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
