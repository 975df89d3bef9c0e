import { relayoutParams, relayoutRecord, RELAYOUT_RECORD_WORDS } from '../../kernels/relayout';
import { splitPlanes } from '../../quant/planes';
import type { KernelRun } from './kernel-run';

export function runRelayout(run: KernelRun): void {
  const { blockBytes, sideOffset, sideBytes, record } = relayoutParams.decode(run.dispatch.params);
  const words = run.step.words(record * RELAYOUT_RECORD_WORDS, RELAYOUT_RECORD_WORDS);
  const { sourceWord, mainWord, sideWord, blocks } = relayoutRecord.decode(words);
  const [source, planes] = [run.memory(0), run.memory(1)];
  const side = sideBytes === 0 ? null : { offsetBytes: sideOffset, sizeBytes: sideBytes };
  const split = splitPlanes({ blockBytes, side }, source.bytes(sourceWord * 4, blocks * blockBytes));
  const store = (word: number, bytes: Uint8Array): void => {
    const out = planes.bytes(word * 4, Math.ceil(bytes.byteLength / 4) * 4);
    out.fill(0);
    out.set(bytes);
  };
  store(mainWord, split.main);
  if (split.side !== null) store(sideWord, split.side);
}
