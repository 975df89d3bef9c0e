import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/base/system-clock';
import { ModelStore } from '../../src/store/model-store';
import { nodeStorePorts } from '../../src/store/node-fs/node-store';
import { EngineService } from './engine-service';
import { guardParent } from './guard-parent';
import type { EngineStart, FromEngine, Numbered, ToEngine } from './ipc';
import { openProvenDevice } from './open-device';
import { proveFormats } from './prove-formats';
import { createVariantFile } from './variant-file';

const report = (error: unknown): void => console.error('engine process:', error);

/**
 * The process that owns the device, which `open` gives. Never resolves: it lives as long as the daemon that started it, which has the other end of
 * its channel.
 */
export function runEngineProcess(open: typeof openProvenDevice = openProvenDevice): Promise<never> {
  let service: EngineService | null = null;
  process.on('disconnect', endGroup);
  // It has a group of its own, so that Ctrl+C in the terminal does not reach it; whoever sends it all the same means the daemon.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => {
    const exit = (): void => (process.connected ? process.exit(0) : endGroup());
    if (service === null) return exit();
    return void service.close().catch(report).then(exit);
  });
  guardParent(process.ppid);
  process.on('message', (message: Numbered<ToEngine>) => {
    if (message.type !== 'start') return service?.handle(message);
    const { generation } = message;
    // Whether it arrives is not waited for: a channel that is closed ends this process.
    const send = (sent: FromEngine): void =>
      void process.send?.({ ...sent, generation }, undefined, undefined, () => undefined);
    service = createService(message, send, open);
    return send({ type: 'hello' });
  });
  if (!process.connected) endGroup();
  return new Promise(() => undefined);
}

/** The daemon is gone: so is this process, with all that it has started. */
function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.exit(0); // it leads no group
  }
}

function createService(
  { device, modelsFolder, stateFolder }: EngineStart,
  send: (message: FromEngine) => void,
  open: typeof openProvenDevice,
): EngineService {
  const ports = nodeStorePorts(modelsFolder, { clock, random: Math.random });
  return new EngineService({
    send,
    openDevice: (profile) => open(device, stateFolder, profile),
    proveFormats: (opened, formats) => proveFormats(opened, formats, stateFolder),
    store: new ModelStore(ports, { clock, now: Date.now, report }),
    variantCache: createVariantFile(join(stateFolder, 'variants.json'), report),
    clock,
    randomSeed: () => randomInt(2 ** 32),
    report,
  });
}
