// `npm run test:simulation`: a million schedules of the engine under simulation (`SIMULATION_RUNS`), from a new seed each time.
// A failure prints its seed and path: `SIMULATION_SEED=… SIMULATION_PATH=… npm run test:simulation` begins with it.
import { readNoOptions, runNode, runScript } from './lib/command.mjs';
import { ensureDependencies } from './lib/install.mjs';

await runScript(async (signal) => {
  readNoOptions('It takes no options. SIMULATION_RUNS, SIMULATION_SEED and SIMULATION_PATH in the environment choose.');
  await ensureDependencies(signal);
  const env = {
    SIMULATION_RUNS: process.env.SIMULATION_RUNS || '1000000',
    SIMULATION_SEED: process.env.SIMULATION_SEED || String(Date.now() % 2 ** 31),
  };
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'test/simulation'];
  return (await runNode(args, { signal, env })).code;
});
