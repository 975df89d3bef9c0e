import { describeMachine, measureBandwidth } from '../client/index';
import type { BandwidthReport } from '../client/index';
import { presentCircumstances } from './advice';
import { failureOf } from '../element/failure';
import type { MachineFacts, StorageFacts } from './machine-report';

/** What the view of a machine asks. */
export interface MachinePorts {
  /** All but the bandwidth. */
  look(signal: AbortSignal): Promise<MachineFacts>;
  measure(signal: AbortSignal): Promise<BandwidthReport>;
  copy(text: string): Promise<void>;
}

/** This browser's answers. */
export const MACHINE_PORTS: MachinePorts = {
  async look(signal) {
    const [graphics, storage] = await Promise.all([lookAtGraphics(signal), storageFacts()]);
    const browser = { ...presentCircumstances(), userAgent: navigator.userAgent };
    return { graphics, storage, browser, bandwidth: null };
  },
  measure: (signal) => measureBandwidth({ signal }),
  copy: (text) => navigator.clipboard.writeText(text),
};

/** A machine without an adapter has a report too: that is when somebody asks for one. */
async function lookAtGraphics(signal: AbortSignal): Promise<MachineFacts['graphics']> {
  try {
    return { ok: true, report: await describeMachine({ signal }) };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, failure: failureOf(error) };
  }
}

async function storageFacts(): Promise<StorageFacts | null> {
  try {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { usedBytes: usage, quotaBytes: quota, isPersisted: await navigator.storage.persisted() };
  } catch {
    // Not on http, and where site data is blocked.
    return null;
  }
}
