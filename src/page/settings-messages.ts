/** What the dialog of the settings says; fetched with it. */
export const SETTINGS_TEXT = {
  title: 'Settings of this conversation',
  done: 'Done',
  close: 'Close the settings',
  system: 'Instructions',
  systemHelp: 'Read by the model before everything else: how it is to answer, and as whom.',
  systemPlaceholder: 'For example: Answer in one short paragraph.',
  manner: 'Manner of answering',
  presets: {
    exact: { name: 'Exact', help: 'Always the most likely words.' },
    balanced: { name: 'Balanced', help: 'The defaults.' },
    creative: { name: 'Creative', help: 'More variety and surprise.' },
  },
  own: 'Own settings, of the fields below.',
  fine: 'Fine-tuning',
  initial: (value: number) => `Default: ${value}`,
  noInitial: { max_tokens: 'Default: as long as the context has room', seed: 'Default: another one each time' },
  reset: 'Reset',
  resetOf: (label: string) => `Reset ${label} to its default`,
  resetAll: 'Reset all',
  problem: (min: number, max: number, whole: boolean) =>
    `A ${whole ? 'whole number' : 'number'} from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}.`,
  fields: {
    temperature: {
      label: 'Temperature',
      help: 'How much chance decides between likely words; 0 always takes the likeliest.',
    },
    max_tokens: { label: 'Longest answer, in tokens', help: 'An answer that gets this long is cut.' },
    seed: { label: 'Seed', help: 'With the same number, the same question is answered in the same way.' },
    top_k: { label: 'Top k', help: 'Only this many of the likeliest words are in the draw; 0 lets all in.' },
    top_p: { label: 'Top p', help: 'Only the likeliest words that together have this probability are in the draw.' },
    min_p: {
      label: 'Min p',
      help: 'Words with less than this share of the likeliest one’s probability are left out.',
    },
    repeat_penalty: { label: 'Repeat penalty', help: 'More than 1 makes words that were used lately less likely.' },
    presence_penalty: {
      label: 'Presence penalty',
      help: 'Above 0, words that were used lately at all are less likely.',
    },
    frequency_penalty: {
      label: 'Frequency penalty',
      help: 'Above 0, a word is the less likely the more often it was used lately.',
    },
  },
} as const;
