/** A classic mistake, as a replacement in the code's text, and who has to notice it. */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What goes wrong for a user. */
  readonly why: string;
  /** The simulation, unless it cannot see this: then a unit test, by its file and full name. */
  readonly seenBy?: { readonly file: string; readonly test: string };
  /** Which simulation; the actor's by default. Markdown has a check in its place. */
  readonly simulation?: 'store' | 'tabs' | 'supervisor' | 'askers' | 'markdown';
  /** The code throws by itself. */
  readonly crashes?: true;
  /** A seed of schedules that meet it soon. */
  readonly seed?: number;
}
