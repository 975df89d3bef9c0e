/** How the model is to answer in one conversation, by OpenAI's names. */
export interface ChatSettings {
  /** The system prompt; empty: none. */
  readonly system: string;
  readonly sampling: Sampling;
}

/** What is absent is the engine's default. */
export interface Sampling {
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly min_p?: number;
  readonly repeat_penalty?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly max_tokens?: number;
  readonly seed?: number;
}

export const DEFAULT_SETTINGS: ChatSettings = { system: '', sampling: {} };
