import { ForgelightError } from '../base/errors';

/** Finds stop strings in text that comes in pieces. */
export interface StopMatcher {
  /** The text that is safe to show: no stop string can begin in it any more. Nothing comes once `stopped` is true. */
  push(text: string): { readonly text: string; readonly stopped: boolean };
  /** What was held back because a stop string might have begun there; '' after a stop. */
  flush(): string;
}

/** A state of the automaton: some prefix of the stop strings, the longest that the text so far ends with. */
interface State {
  readonly next: Map<number, State>;
  /** Length of the prefix in UTF-16 units: that much of the text is held back. */
  readonly depth: number;
  /** The longest shorter prefix that this one ends with. */
  fallback: State | null;
  /** Length of the longest stop string that ends here; 0 for none. */
  stopLength: number;
}

/**
 * The answer ends at the first character that completes a stop string; of those that end there the longest is cut off. This does not
 * depend on how the text was cut into pieces. Aho–Corasick: one step a character, whatever the number of stop strings.
 * Throws `invalid-request` for an empty stop string, which would stop every answer at once.
 */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  const root = buildAutomaton(stops);
  let state = root;
  let held = '';
  let stopped = false;
  return {
    push(piece) {
      if (stopped) return { text: '', stopped };
      const text = held + piece;
      for (let index = held.length; index < text.length; index += 1) {
        state = step(state, text.charCodeAt(index), root);
        if (state.stopLength > 0) {
          stopped = true;
          held = '';
          return { text: text.slice(0, index + 1 - state.stopLength), stopped };
        }
      }
      const safe = text.length - state.depth;
      held = text.slice(safe);
      return { text: text.slice(0, safe), stopped };
    },
    flush() {
      const rest = held;
      held = '';
      state = root;
      return rest;
    },
  };
}

function step(from: State, unit: number, root: State): State {
  for (let state: State | null = from; state !== null; state = state.fallback) {
    const next = state.next.get(unit);
    if (next !== undefined) return next;
  }
  return root;
}

function buildAutomaton(stops: readonly string[]): State {
  const root = createState(0);
  for (const stop of stops) {
    if (stop === '')
      throw new ForgelightError('invalid-request', 'A stop string is empty. Leave it out.', { param: 'stop' });
    let state = root;
    for (let index = 0; index < stop.length; index += 1) {
      const unit = stop.charCodeAt(index);
      const next = state.next.get(unit) ?? createState(index + 1);
      state.next.set(unit, next);
      state = next;
    }
    state.stopLength = stop.length;
  }
  // breadth first: a fallback is shorter than its state, so it is complete when it is needed
  const queue: State[] = [root];
  for (const state of queue) {
    for (const [unit, next] of state.next) {
      next.fallback = state.fallback === null ? root : step(state.fallback, unit, root);
      next.stopLength ||= next.fallback.stopLength;
      queue.push(next);
    }
  }
  return root;
}

function createState(depth: number): State {
  return { next: new Map(), depth, fallback: null, stopLength: 0 };
}
