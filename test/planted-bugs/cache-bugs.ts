import type { PlantedBug } from './planted-bug';

/** Mistakes about blocks, prefixes, places and devices. */
export const CACHE_BUGS: readonly PlantedBug[] = [
  {
    name: 'a block is freed twice',
    file: 'src/engine/kv-cache.ts',
    find: '    this.pool.release(sequence.blocks.toReversed());\n',
    replace: `    this.pool.release(sequence.blocks.toReversed());
    this.pool.release(sequence.blocks.slice(-1));
`,
    why: 'two requests write to one block',
  },
  {
    name: 'a block is not freed at the end',
    file: 'src/engine/request-table.ts',
    find: `    remove(wasQueued ? this.queue : this.active, record);
    this.#giveBack(record);`,
    replace: `    remove(wasQueued ? this.queue : this.active, record);`,
    why: 'the cache is full after a while, and nothing is admitted any more',
  },
  {
    name: 'a prefix is held without a reference',
    file: 'src/engine/kv-cache.ts',
    find: '    this.pool.retain(prefix.map(({ block }) => block));\n',
    replace: '',
    why: "a prompt's beginning is overwritten while somebody reads it",
  },
  {
    name: 'what decode rows wrote is shared as a prefix',
    file: 'src/engine/actor.ts',
    find: "      if (plan.kind === 'prefill') for (const { record, to } of rows) this.#table.share(record, to);",
    replace:
      '      for (const { record, to } of rows) if (record.kv !== null) this.#table.kv.share(record.kv, record.history, to);',
    why: 'a second turn reads keys in the last bits of other kernels: another answer than alone',
  },
  {
    name: 'a prefix is shared before it is written',
    file: 'src/engine/kv-cache.ts',
    find: '(index + 1) * blockTokens <= end; index++',
    replace: '(index + 1) * blockTokens <= end + 1; index++',
    why: 'the last position of a block is read as it was before',
  },
  {
    name: 'a prefix is reused up to the last token',
    file: 'src/engine/admission.ts',
    find: "  return task.kind === 'generate' ? last :",
    replace: "  return task.kind === 'generate' ? last + 1 :",
    why: 'no row is left whose logits would be the answer',
  },
  {
    name: 'a block of the window is given up one position too early',
    file: 'src/engine/kv-cache.ts',
    find: 'position + 1 - this.#windowTokens',
    replace: 'position + 2 - this.#windowTokens',
    why: 'the oldest position that a row can see is gone',
  },
  {
    name: 'blocks of the window are never given up',
    file: 'src/engine/kv-cache.ts',
    find: '    const seen = this.#firstSeenBlock(from);',
    replace: '    const seen = 0;',
    why: 'a long answer takes the windows of all others',
  },
  {
    name: 'a prefix is found although its window is gone',
    file: 'src/engine/kv-cache.ts',
    find: '    if (this.windowPool === null) return chain;',
    replace: '    if (this.windowPool === null || chain.length > 0) return chain;',
    why: 'layers with a window have nothing to begin with',
    seed: 36,
  },
  {
    name: 'the index keeps a block that is given away',
    file: 'src/engine/block-pool.ts',
    find: '    this.#onForgotten(id);\n',
    replace: '',
    why: "a prompt begins with another one's keys",
  },
  {
    name: 'who lost its place waits behind all others',
    file: 'src/engine/request-table.ts',
    find: '    this.queue.splice(later < 0 ? this.queue.length : later, 0, record);',
    replace: '    this.queue.push(record);',
    why: 'a request may be overtaken for ever',
  },
  {
    name: 'who came first loses its place',
    file: 'src/engine/request-table.ts',
    find: 'arrival(other) > arrival(last) ? other : last',
    replace: 'arrival(other) < arrival(last) ? other : last',
    why: 'two requests take the place from each other, and nobody gets on',
  },
  {
    name: 'a replay runs the prefill kernels',
    file: 'src/engine/step.ts',
    find: "kind: plan.kind === 'prefill' ? 'prefill' : 'decode',",
    replace: "kind: plan.kind === 'decode' ? 'decode' : 'prefill',",
    why: 'after a preemption the answer goes on with other tokens',
  },
  {
    name: 'a resumed answer counts its tokens from 0',
    file: 'src/engine/commit.ts',
    find: 'record.history, generatedTokens(record));',
    replace:
      "record.history, generatedTokens(record) - (record.task.kind === 'generate' ? record.task.emittedIds.length : 0));",
    why: 'random numbers are drawn again: another answer than without the interruption',
  },
  {
    name: 'a resumed answer has the device draw from 0',
    file: 'src/engine/step.ts',
    find: 'draw(position + 1 - task.promptIds.length)',
    replace: 'draw(position + 1 - task.promptIds.length - task.emittedIds.length)',
    why: 'the same, where the device draws',
  },
  {
    name: 'a step of the device before is committed',
    file: 'src/engine/request-table.ts',
    find: '    for (const record of [...this.active]) this.preempt(record);',
    replace: `    for (const record of [...this.active]) {
      this.preempt(record);
      record.incarnation -= 1;
    }`,
    why: 'what a lost device still says is taken for what the new one says',
    seed: 50,
  },
  {
    name: 'a late report ends the device after',
    file: 'src/engine/actor.ts',
    find: "    if (runner !== this.#runner || this.#table.state !== 'ready') return;",
    replace: "    if (this.#table.state !== 'ready') return;",
    why: 'a device that works is given up',
    seed: 7,
  },
  {
    name: 'blocks of a lost device are trusted',
    file: 'src/engine/request-table.ts',
    find: '    this.distrust();\n',
    replace: '',
    why: 'requests go on where the new device has nothing',
  },
  {
    name: 'what failed is shared',
    file: 'src/engine/commit.ts',
    find: '  context.table.distrust();\n',
    replace: '',
    why: 'prompts begin with blocks that no step has written',
  },
  {
    name: 'a prompt holds up the answers of others',
    file: 'src/engine/scheduler.ts',
    find: '(behind === undefined || isDecodesTurn)',
    replace: '(behind === undefined)',
    why: 'everybody waits while a long prompt is read',
    seenBy: { file: 'src/engine/scheduler.test.ts', test: 'schedule alternates between prompts and answers' },
  },
  {
    name: 'a watcher that throws breaks the others',
    file: 'src/engine/hosted-engine.ts',
    find: `        this.watchers.delete(watcher); // gone, like a closed tab
        this.parts.report(error);`,
    replace: `        this.parts.report(error);
        return;`,
    why: 'one closed tab, and no page hears of the lost device',
    seenBy: {
      file: 'src/engine/recovery.test.ts',
      test: 'a watcher of the engine that throws is reported once, and keeps nobody else from hearing',
    },
  },
  {
    name: 'an answer does not fit on the device after',
    file: 'src/engine/request-table.ts',
    find: 'Math.min(answer.maxOutputs, maxOutputs(task, limits))',
    replace: 'answer.maxOutputs',
    why: 'a request waits for ever for blocks that the smaller device does not have',
  },
  {
    name: 'nobody is told how long the device is blocked',
    file: 'src/engine/recover-model.ts',
    find: '  blocked(clock.now() + BLOCKED_MS);\n',
    replace: '',
    why: 'requests of two minutes pile up instead of being told when to come again',
    seenBy: {
      file: 'src/engine/recovery.test.ts',
      test: 'a host that gives no device is asked once more when it may give one again; answers go on, new requests are told when',
    },
  },
  {
    name: 'a variant that computes wrongly is measured',
    file: 'src/models/choose-variants.ts',
    find: '{ matvecs, roundings: racing }',
    replace: '{ matvecs: candidates.matvecs, roundings: racing }',
    why: 'the fastest kernel is a wrong one, and answers are nonsense on that adapter',
    seenBy: {
      file: 'src/engine/wrong-adapter.test.ts',
      test: 'a load on an adapter with a wrong variant leaves that out, says so, and answers as the oracle does',
    },
  },
  {
    name: 'a batch width of other bits is used',
    file: 'src/models/choose-variants.ts',
    find: 'matvec: fastest.matvec, rounded, batch, chunks, notes',
    replace: 'matvec: fastest.matvec, rounded, batch: BATCH_WIDTHS, chunks, notes',
    why: 'an answer depends on who runs beside it',
    seenBy: {
      file: 'src/engine/wrong-adapter.test.ts',
      test: 'a load on an adapter whose width 8 gives other last bits never uses it: answers together are those alone',
    },
  },
  {
    name: 'a tile of other bits is used',
    file: 'src/models/choose-variants.ts',
    find: 'matvec: fastest.matvec, rounded, batch, chunks, notes',
    replace: 'matvec: fastest.matvec, rounded, batch, chunks: candidates.chunks, notes',
    why: 'an answer depends on how its prompt is cut',
    seenBy: {
      file: 'src/models/choose-variants.test.ts',
      test: 'chooseVariants leaves out a tile of prompts with other bits, and no other',
    },
  },
  {
    name: 'a choice is trusted though nobody tested it',
    file: 'src/models/choose-variants.ts',
    find: " && 'chunks' in entry && 'notes' in entry && 'rounded' in entry",
    replace: '',
    why: 'whoever came before there was a self-test keeps the wrong kernels',
    seenBy: {
      file: 'src/models/choose-variants.test.ts',
      test: 'chooseVariants does not trust what was kept before there was a self-test',
    },
  },
  {
    name: 'bytes that compute wrongly are measured',
    file: 'src/models/choose-variants.ts',
    find: 'rightOn.get(variant)?.includes(format.type) === true',
    replace: 'candidates.roundedFormats.includes(format)',
    why: 'precision "fast" makes answers nonsense on that adapter',
    seenBy: {
      file: 'src/models/choose-variants.test.ts',
      test: 'precision "fast" stays exact where its sums are wrong, and says so',
    },
  },
  {
    name: 'halves that compute wrongly are measured',
    file: 'src/models/choose-variants.ts',
    find: 'rightOn.get(variant)?.includes(format.type) === true',
    replace: "rightOn.get(variant)?.includes(format.type) === true || variant.startsWith('f16')",
    why: 'the fastest shape is chosen though the self-test failed',
    seenBy: {
      file: 'src/models/choose-variants.test.ts',
      test: 'halves, with precision "fast" are not measured where their sums are wrong, whatever they would take',
    },
  },
  {
    name: 'halves are offered to adapters without them',
    file: 'src/models/choose-variants.ts',
    find: 'device.limits.shaderF16 ? HALF_VARIANTS : []',
    replace: 'HALF_VARIANTS',
    why: 'a load asks for a shader that the device refuses',
    seenBy: {
      file: 'src/models/choose-variants.test.ts',
      test: 'halves, with precision "fast" do not exist where the adapter has no shader-f16: nothing runs, nor can be forced',
    },
  },
  {
    name: 'variants are chosen anew on the same adapter',
    file: 'src/engine/load-onto-device.ts',
    find: '    if (this.before !== null && isSameAdapter(this.before.device, this.device)) return this.before.variants;\n',
    replace: '',
    why: 'an answer goes on in the last bits of other kernels after the device was lost',
    seenBy: {
      file: 'src/engine/wrong-adapter.test.ts',
      test: 'a second load on the same adapter after the loss of the device keeps the variants without asking anything',
    },
  },
];
