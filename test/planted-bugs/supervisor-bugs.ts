import type { PlantedBug } from './planted-bug';

const simulation = 'supervisor';
const BACKEND = 'native-bridge/engine/engine-backend.ts';

/** Mistakes about engine processes, and the requests that outlive them. */
export const SUPERVISOR_BUGS: readonly PlantedBug[] = [
  {
    name: 'a process is heard after its end',
    file: 'native-bridge/engine/child-life.ts',
    find: 'this.isAlive() ? messageOf(received, this.generation) : null',
    replace: 'messageOf(received, this.generation)',
    why: 'tokens of a dead process come twice, once from each',
    simulation,
  },
  {
    name: 'an answer begins anew instead of going on',
    file: 'src/protocol/request-journal.ts',
    find: 'emittedIds: [...this.emittedIds] }',
    replace: 'emittedIds: [] }',
    why: 'the reader gets the beginning again',
    simulation,
  },
  {
    name: 'whoever holds the pipes of a dead process is waited for',
    file: 'native-bridge/engine/child-life.ts',
    find: "this.enter('exited', OUTPUT_MS, () => this.gone(this.why));",
    replace: "this.stage = 'exited';\n    this.stopTimer();",
    why: 'one grandchild keeps every answer and the end of the daemon from coming',
    simulation,
  },
  {
    name: 'a process that minds no SIGTERM is waited for',
    file: 'native-bridge/engine/child-life.ts',
    find: "      this.port.kill('SIGKILL');\n",
    replace: '',
    why: 'what stands still in a driver keeps the device for ever, beside the process that follows it',
    simulation,
  },
  {
    name: 'nobody asks whether a process still turns',
    file: 'native-bridge/engine/child-life.ts',
    find: 'if (this.silentLooks > LOOKS) ',
    replace: 'if (this.silentLooks < 0) ',
    why: 'a process that stands still is waited for, for ever',
    simulation,
  },
  {
    name: 'what kills one process is given to every next one',
    file: 'native-bridge/engine/live-requests.ts',
    find: 'const MOST_DEATHS = 2;',
    replace: 'const MOST_DEATHS = Infinity;',
    why: 'one request keeps all others from being answered',
    simulation,
  },
  {
    name: 'neighbours are blamed',
    file: 'native-bridge/engine/live-requests.ts',
    find: 'else if (isBlamed && request.deaths',
    replace: 'else if (request.deaths',
    why: 'requests fail that have done nothing',
    simulation,
  },
  {
    name: 'a cancelled request goes on in the next process',
    file: 'native-bridge/engine/live-requests.ts',
    find: "if (request.isCancelled) this.end(request, { kind: 'cancelled' });",
    replace: "if (request.deaths < 0) this.end(request, { kind: 'cancelled' });",
    why: 'who has stopped an answer gets more of it',
    simulation,
  },
  {
    name: 'calls die with the process that they were asked of',
    file: 'native-bridge/engine/pending-calls.ts',
    find: '      pending.isSent = false;\n',
    replace: '',
    why: 'whoever waits for one waits for ever',
    simulation,
  },
  {
    name: 'a load that gets nowhere is waited for',
    file: 'native-bridge/engine/supervisor.ts',
    find: '    this.stopWatch = this.deps.clock.after(patienceMs',
    replace: '    this.stopWatch = this.deps.clock.after(Infinity * patienceMs',
    why: 'a disk that is gone keeps every request from being answered, for ever',
    simulation,
  },
  {
    name: 'a load goes on when everybody has left',
    file: BACKEND,
    find: '    void this.drop(current);\n  }\n\n  private async meant',
    replace: '  }\n\n  private async meant',
    why: 'a page that was closed keeps the device busy with a model that nobody wants',
    simulation: 'askers',
  },
  {
    name: 'the first who leaves ends the load of all',
    file: BACKEND,
    find: 'if (current.claims > 0 || supervisor.info',
    replace: 'if (supervisor.info',
    why: 'closing one tab ends what another waits for',
    simulation: 'askers',
  },
];
