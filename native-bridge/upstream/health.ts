/** What is known of an upstream, and how many answers in a row say otherwise. */
export interface Health {
  readonly status: 'unknown' | 'up' | 'down';
  /** In a row, and against `status`. */
  readonly against: number;
}

export const UNKNOWN: Health = { status: 'unknown', against: 0 };

/** So many failures in a row take an upstream down, so many answers bring it back: one lost packet changes nothing. */
const FAILURES_TO_GO_DOWN = 3;
const ANSWERS_TO_COME_UP = 2;

/** What follows from one more answer or failure, of a check or of a request. The first one decides alone. */
export function heard(health: Health, hasAnswered: boolean): Health {
  const { status } = health;
  const said = hasAnswered ? 'up' : 'down';
  if (status === 'unknown') return { status: said, against: 0 };
  if (status === said) return { status, against: 0 };
  const against = health.against + 1;
  const needed = hasAnswered ? ANSWERS_TO_COME_UP : FAILURES_TO_GO_DOWN;
  return against >= needed ? { status: said, against: 0 } : { status, against };
}
