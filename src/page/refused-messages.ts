/** What is said of a model that could not take another one's place. */
export const REFUSED_TEXT = {
  stays: (refused: string, present: string) =>
    `${refused} was not loaded. Nothing has changed: ${present} goes on answering.`,
  close: 'Close',
} as const;
