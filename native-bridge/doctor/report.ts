import { printableLines } from '../server/log-format';
import type { Diagnosis } from './examine';

const MARKS = { ok: 'ok', info: 'info', warning: 'WARNING', problem: 'PROBLEM' };
const WIDTH = Math.max(...Object.values(MARKS).map((mark) => mark.length)) + 2;
const INDENT = ' '.repeat(WIDTH);

/** The diagnosis for a person: a line for each finding, and below it what to do. */
export function reportOf({ findings, answers }: Diagnosis): string {
  const lines = findings.flatMap(({ status, what, fix }) => [
    `${MARKS[status].padEnd(WIDTH)}${inside(what)}`,
    ...(fix === null ? [] : [`${INDENT}→ ${inside(fix)}`]),
  ]);
  return `${[...lines, '', conclusion(answers)].join('\n')}\n`;
}

/** Some of it others have said, a server or a library: it stays text, and inside of its finding. */
function inside(text: string): string {
  return printableLines(text).replaceAll('\n', `\n${INDENT}`);
}

function conclusion(answers: Diagnosis['answers']): string {
  const [first, second] = answers.map((each) => (each === 'hip' ? 'this GPU' : 'an upstream'));
  if (first === undefined) return 'Neither this GPU nor an upstream can answer.';
  return `Requests can be answered by ${first}${second === undefined ? '' : ` or ${second}`}.`;
}
