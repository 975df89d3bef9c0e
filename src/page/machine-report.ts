import { formatBytes } from '../base/units';
import type { BandwidthReport, MachineReport } from '../client/index';
import type { Circumstances } from './advice';
import type { Failure } from '../element/failure';
import { MACHINE_TEXT } from './machine-messages';
import { TEXT } from './messages';

/** What the browser says of its storage for this page; `null` where it says nothing. */
export interface StorageFacts {
  readonly usedBytes: number;
  readonly quotaBytes: number;
  /** Kept until the person deletes it; otherwise the browser may, when the disk is full. */
  readonly isPersisted: boolean;
}

/** All that is shown of a machine. Nothing of a person: no conversation, no names of files, no addresses. */
export interface MachineFacts {
  readonly graphics:
    | { readonly ok: true; readonly report: MachineReport }
    | { readonly ok: false; readonly failure: Failure };
  readonly bandwidth: BandwidthReport | null;
  readonly storage: StorageFacts | null;
  readonly browser: Circumstances & { readonly userAgent: string };
}

export interface FactGroup {
  readonly title: string;
  readonly facts: readonly (readonly [term: string, value: string])[];
}

/** The facts in words, in groups. */
export function machineGroups(facts: MachineFacts): readonly FactGroup[] {
  const { graphics } = facts;
  return [
    ...(graphics.ok ? graphicsGroups(graphics.report, facts.bandwidth) : []),
    storageGroup(facts),
    browserGroup(facts),
  ];
}

/** The report as text to be put into a message, with the same as JSON under it. */
export function machineText(facts: MachineFacts): string {
  const { title } = TEXT.machine;
  const { graphics } = facts;
  const lines = machineGroups(facts).flatMap((group) => [
    '',
    group.title,
    ...group.facts.map(([term, value]) => `  ${term}: ${value}`),
  ]);
  const failure = graphics.ok ? [] : ['', `${graphics.failure.code}: ${graphics.failure.detail}`];
  return [title, ...failure, ...lines, '', JSON.stringify(facts), ''].join('\n');
}

function graphicsGroups(report: MachineReport, bandwidth: BandwidthReport | null): readonly FactGroup[] {
  const text = MACHINE_TEXT;
  const { adapter, features, usedFeatures, limits, kernels } = report;
  const named = [
    [text.vendor, adapter.vendor],
    [text.architecture, adapter.architecture],
    [text.device, adapter.device],
    [text.description, adapter.description],
  ] as const;
  return [
    {
      title: text.adapter,
      facts: [
        ...named.filter(([, value]) => value !== ''),
        [text.budget, text.about(formatBytes(report.memoryBudgetBytes))],
        ...(bandwidth === null
          ? []
          : [[text.bandwidth, text.perSecond(formatBytes(bandwidth.bytesPerSecond))] as const]),
        [text.used, usedFeatures.join(', ') || text.none],
        [text.features, features.join(', ') || text.none],
      ],
    },
    {
      title: text.limits,
      facts: Object.entries(limits).map(
        ([name, value]) =>
          [name, name.endsWith('Size') && value >= 1000 ? formatBytes(value) : value.toLocaleString('en')] as const,
      ),
    },
    {
      title: text.kernels,
      facts:
        kernels.length === 0
          ? [[text.kernelsOf, text.noKernels]]
          : kernels.map(
              ({ format, precision, matvec, widths, chunks, notes }) =>
                [
                  `${format}, ${precision}`,
                  [text.chosen(matvec, widths.join(', '), chunks.join(', ')), ...notes].join(' '),
                ] as const,
            ),
    },
  ];
}

function storageGroup({ storage }: MachineFacts): FactGroup {
  const text = MACHINE_TEXT;
  if (storage === null) return { title: text.storage, facts: [[text.room, text.notTold]] };
  return {
    title: text.storage,
    facts: [
      [text.inUse, formatBytes(storage.usedBytes)],
      [text.room, text.about(formatBytes(storage.quotaBytes))],
      [text.persisted, storage.isPersisted ? text.persistedYes : text.persistedNo],
    ],
  };
}

function browserGroup({ browser }: MachineFacts): FactGroup {
  const text = MACHINE_TEXT;
  const { isSecure, isOnline, userAgent, version } = browser;
  return {
    title: text.browser,
    facts: [
      [text.browserName, [text.browsers[browser.browser], ...(version === null ? [] : [String(version)])].join(' ')],
      [text.system, text.systems[browser.system]],
      [text.secure, isSecure ? text.yes : text.no],
      [text.connection, isOnline ? text.online : text.offline],
      [text.userAgent, userAgent],
    ],
  };
}
