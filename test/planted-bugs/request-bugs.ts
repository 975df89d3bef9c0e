import type { PlantedBug } from './planted-bug';

/** Mistakes about who is alive, who is told what, and when. */
export const REQUEST_BUGS: readonly PlantedBug[] = [
  {
    name: 'check, then await, then use',
    file: 'src/engine/actor.ts',
    find: `    const outcome = await step.settled;
    cancelWatchdog();
    this.#drain();
    this.#inFlight.shift();
    this.#commit(step, outcome);`,
    replace: `    const alive = step.members.filter(({ id }) => this.#table.live.has(id));
    const outcome = await step.settled;
    cancelWatchdog();
    this.#drain();
    this.#inFlight.shift();
    for (const { id } of alive) this.#table.live.get(id).stored += 0;
    this.#commit(step, outcome);`,
    why: 'the crash that this engine exists to make impossible: a request is cancelled between the check for its state and its use',
    crashes: true,
  },
  {
    name: 'commit does not look at the generation',
    file: 'src/engine/commit.ts',
    find: 'table.find(member.id, member.generation)',
    replace: 'table.live.get(member.id)',
    why: 'whoever uses an id again gets the token of its former owner',
  },
  {
    name: 'commit does not look at the incarnation',
    file: 'src/engine/commit.ts',
    find: 'return record?.incarnation === member.incarnation ? record : null;',
    replace: 'return record;',
    why: 'a request that lost its place takes the result of a step from before, and another one later',
  },
  {
    name: 'a draw counts the tokens that the host knows',
    file: 'src/engine/step.ts',
    find: 'answer.sampler.draw(position + 1 - task.promptIds.length)',
    replace: 'answer.sampler.draw(record.history.length - task.promptIds.length)',
    why: 'a step ahead draws with the number of the token before it: the answer depends on who waits for what',
  },
  {
    name: 'penalties look at the tokens that the host knows',
    file: 'src/engine/step.ts',
    find: 'answer.sampler.penalties(position)',
    replace: 'answer.sampler.penalties(record.history.length - 1)',
    why: 'a step ahead looks at fewer tokens: the answer depends on who waits for what',
  },
  {
    name: 'penalties forget what another engine has emitted',
    file: 'src/engine/step.ts',
    find: 'answer.sampler.penalties(position)',
    replace: 'answer.sampler.penalties(position - task.emittedIds.length)',
    why: 'a resumed answer repeats itself',
  },
  {
    name: 'the mailbox is drained after the commit',
    file: 'src/engine/actor.ts',
    find: `    this.#drain();
    this.#inFlight.shift();
    this.#commit(step, outcome);`,
    replace: `    this.#inFlight.shift();
    this.#commit(step, outcome);
    this.#drain();`,
    why: 'a request whose cancel returned true gives one more token',
  },
  {
    name: 'two terminal events',
    file: 'src/engine/request-table.ts',
    find: 'this.#outbox.post(record.listener, endedEvent(record, outcome, nowMs));',
    replace: `this.#outbox.post(record.listener, endedEvent(record, outcome, nowMs));
    this.#outbox.post(record.listener, endedEvent(record, outcome, nowMs));`,
    why: 'a waiter is told twice',
  },
  {
    name: 'an event after the end',
    file: 'src/engine/outbox.ts',
    find: `    for (const { listener, event } of waiting) {`,
    replace: `    for (const { listener, event } of waiting.toSorted((a, b) => Number(b.event.type === 'ended') - Number(a.event.type === 'ended'))) {`,
    why: 'the last token comes when the answer has been closed',
  },
  {
    name: 'the status is set before the result',
    file: 'src/engine/request-table.ts',
    find: 'this.#ended.push(requestSnapshot(record, outcome));',
    replace: 'this.#ended.push(requestSnapshot(record, null));',
    why: 'a snapshot says that a request has ended, and not how',
  },
  {
    name: 'cancel is ignored in the queue',
    file: 'src/engine/actor.ts',
    find: "return this.#end(this.#table.live.get(mail.id), { kind: 'cancelled' });",
    replace:
      "return this.#end(this.#table.active.find((record) => record.listener.id === mail.id), { kind: 'cancelled' });",
    why: 'a request that waits runs although nobody wants it',
  },
  {
    name: 'cancel is forgotten with the place',
    file: 'src/engine/actor.ts',
    find: '    for (let mail = this.#mailbox.shift(); mail !== undefined; mail = this.#mailbox.shift()) this.#obey(mail);',
    replace: `    const mails = this.#mailbox.splice(0).filter((mail) => mail.type !== 'cancel' || this.#table.state === 'ready');
    for (const mail of mails) this.#obey(mail);`,
    why: 'a cancel while the device is lost is reset by the recovery',
  },
  {
    name: 'a cancelled request is reported as failed',
    file: 'src/engine/actor.ts',
    find: "return this.#end(this.#table.live.get(mail.id), { kind: 'cancelled' });",
    replace:
      "return this.#end(this.#table.live.get(mail.id), { kind: 'failed', error: { code: 'closed', message: 'cancelled' } });",
    why: 'the user sees an error after pressing Stop',
  },
  {
    name: 'a deadline ends whoever has the id now',
    file: 'src/engine/actor.ts',
    find: 'return this.#end(this.#table.find(mail.id, mail.generation), mail.outcome);',
    replace: 'return this.#end(this.#table.live.get(mail.id), mail.outcome);',
    why: 'a late timer of an old request ends a new one',
    seenBy: {
      file: 'src/engine/actor-ends.test.ts',
      test: 'cancel leaves a new request with the same id alone, its late result and its late deadline too',
    },
  },
  {
    name: 'the deadline outlives its request',
    file: 'src/engine/request-table.ts',
    find: `    record.cancelDeadline();
    const wasQueued`,
    replace: '    const wasQueued',
    why: 'a timer for each request, an hour long each',
  },
  {
    name: 'the watchdog outlives its step',
    file: 'src/engine/actor.ts',
    find: '    cancelWatchdog();\n',
    replace: '',
    why: 'a timer for each step',
  },
  {
    name: 'a listener that throws keeps its slot',
    file: 'src/engine/actor.ts',
    find: "      this.#send({ type: 'end', id: listener.id, generation: listener.generation, outcome: { kind: 'cancelled' } });\n",
    replace: '',
    why: 'closed tabs fill the engine',
  },
  {
    name: 'a listener that throws breaks the others',
    file: 'src/engine/outbox.ts',
    find: `      try {
        listener.emit(event);
      } catch (error) {
        const first = !listener.deaf;
        listener.deaf = true;
        if (first) onThrow(listener, error);
      }`,
    replace: `      try {
        listener.emit(event);
      } catch (error) {
        listener.deaf = true;
        onThrow(listener, error);
        return;
      }`,
    why: 'events behind the one that was not taken are lost',
  },
  {
    name: 'a snapshot shows live objects',
    file: 'src/engine/request-table.ts',
    find: '...[...this.live.values()].map((record) => requestSnapshot(record, null)),',
    replace: '...this.live.values(),',
    why: 'what was read changes while it is looked at',
  },
  {
    name: 'a snapshot can be written to',
    file: 'src/engine/request-table.ts',
    find: 'requests: Object.freeze([',
    replace: 'requests: [].concat([',
    why: 'one reader changes what another one sees',
  },
  {
    name: 'the version does not grow',
    file: 'src/engine/request-table.ts',
    find: '    this.#version += 1;\n',
    replace: '',
    why: 'two different snapshots look the same to whoever compares versions',
  },
  {
    name: 'a change that snapshots do not hear of',
    file: 'src/engine/commit.ts',
    find: '  table.changed();\n',
    replace: '',
    why: 'the page shows an old count of tokens',
  },
  {
    name: 'nobody is told that the engine is busy',
    file: 'src/engine/failures.ts',
    find: 'if (queue.length < places) return null;',
    replace: 'if (queue.length < Infinity) return null;',
    why: 'the queue grows without bound',
  },
  {
    name: 'busy while places are free',
    file: 'src/engine/failures.ts',
    find: 'const places = maxQueued + Math.max(0, maxActive - active.length);',
    replace: 'const places = maxQueued;',
    why: 'an idle engine refuses work',
    seenBy: {
      file: 'src/engine/actor.test.ts',
      test: 'several requests run one at a time, first come first served, and are refused beyond the queue',
    },
  },
  {
    name: 'nobody waits for the death of the worker',
    file: 'src/client/create-engine.ts',
    find: "  if (lock !== null) scope.onFree(lock, () => breakOff(engineBroke('its worker has ended')));\n",
    replace: '',
    why: 'calls to a worker that is gone wait for ever',
    seenBy: {
      file: 'src/client/create-engine.test.ts',
      test: 'createEngineIn ends the worker and tells whoever waits when its worker is gone, also during the load',
    },
  },
  {
    name: 'a page that is left keeps its engine',
    file: 'src/client/create-engine.ts',
    find: '  lifeline.onEnd(scope.onLeave(() => breakOff(pageLeft())));\n',
    replace: '',
    why: 'a browser that keeps the page for Back keeps its GPU memory too',
    seenBy: {
      file: 'src/client/create-engine.test.ts',
      test: 'createEngineIn ends the worker and tells whoever waits when its page is left, also during the load',
    },
  },
  {
    name: 'an abort is noticed between events only',
    file: 'src/client/completions.ts',
    find: '      stream.throwIfAborted();\n',
    replace: '',
    why: 'who pressed Stop reads the rest, as if it were the whole answer',
    seenBy: {
      file: 'src/client/engine-client-end.test.ts',
      test: 'AbortSignal drops what came with the chunk at which it fired, and what came before the first',
    },
  },
];
