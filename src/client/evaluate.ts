import { defined } from '../base/assert';
import { parseEvaluation } from '../protocol/evaluation-schema';
import type { Session } from './session';
import type { CallOptions } from './types';

/** The engine's `evaluate`: rows of logits in the order of the wanted positions, [positions × vocabularySize]. */
export async function evaluate(
  session: Session,
  ids: readonly number[],
  options: CallOptions & { readonly positions?: 'last' | 'all' | readonly number[] } = {},
): Promise<Float32Array> {
  session.lifeline.throwIfEnded();
  const evaluation = parseEvaluation({ ids, positions: options.positions });
  const { stream } = await session.open(
    { kind: 'evaluate', ids: [...evaluation.ids], positions: copyOf(evaluation.positions) },
    options.signal,
  );
  const rows = rowsByPosition(evaluation.positions, evaluation.ids.length);
  const { vocabularySize } = session.info.model;
  const rowCount = [...rows.values()].reduce((sum, list) => sum + list.length, 0);
  const result = new Float32Array(rowCount * vocabularySize); // not before the request was accepted: it may have been too large
  for await (const event of stream) {
    if (event.type !== 'logits') continue;
    for (const row of defined(rows.get(event.position), 'a wanted position'))
      result.set(event.logits, row * vocabularySize);
  }
  return result;
}

function copyOf(positions: 'last' | 'all' | readonly number[]): 'last' | 'all' | readonly number[] {
  return typeof positions === 'string' ? positions : [...positions];
}

/** Position → its rows in the result; a position may be wanted more than once. */
function rowsByPosition(positions: 'last' | 'all' | readonly number[], length: number): Map<number, number[]> {
  if (positions === 'last') return new Map([[length - 1, [0]]]);
  if (positions === 'all') return new Map(Array.from({ length }, (_, position) => [position, [position]]));
  const rows = new Map<number, number[]>();
  for (const [row, position] of positions.entries()) rows.set(position, [...(rows.get(position) ?? []), row]);
  return rows;
}
