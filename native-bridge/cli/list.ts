import { unreachable } from '../../src/base/assert';
import { formatBytes } from '../../src/base/units';
import type { StoreEntry } from '../../src/store/store-list';
import { printable } from '../server/log-format';
import type { CommandInput } from './run-cli';

const SHOWN_DIGITS = 12;

/** A line for each model, the one used last first. */
export async function list({ models, host, options }: CommandInput): Promise<void> {
  const entries = (await models.store.list()).toSorted((a, b) => usedAt(b) - usedAt(a));
  if (options['json'] === true) return host.out(`${JSON.stringify(entries, null, 2)}\n`);
  if (entries.length === 0) return host.out(`No models in ${models.folder}. Get one: forgelight pull <model>\n`);
  // Also for pipes: a name with a line feed would be another row. With `--json` it is told as it is.
  const rows = [['HASH', 'SIZE', 'LAST USED', 'STATE', 'FILE'], ...entries.map((entry) => rowOf(entry).map(printable))];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  host.out(
    rows
      .map(
        (row) =>
          `${row
            .map((cell, i) => cell.padEnd(widths[i] ?? 0))
            .join('  ')
            .trimEnd()}\n`,
      )
      .join(''),
  );
}

function rowOf(entry: StoreEntry): string[] {
  switch (entry.state) {
    case 'partial': {
      const { receivedBytes, sizeBytes, address, reason } = entry;
      const of = sizeBytes === null ? '' : ` of ${formatBytes(sizeBytes)}`;
      return [
        '-',
        `${formatBytes(receivedBytes)}${of}`,
        '-',
        reason === null ? 'unfinished' : `damaged: ${reason}`,
        address,
      ];
    }
    case 'ok':
    case 'corrupt': {
      const { sha256, sizeBytes, lastUsedAt, state, reason, fileName } = entry;
      const used = new Date(lastUsedAt).toISOString().slice(0, 10);
      const told = reason === null ? state : `${state}: ${reason}`;
      return [sha256.slice(0, SHOWN_DIGITS), formatBytes(sizeBytes), used, told, fileName];
    }
    default:
      return unreachable(entry);
  }
}

function usedAt(entry: StoreEntry): number {
  return 'lastUsedAt' in entry ? entry.lastUsedAt : 0;
}
