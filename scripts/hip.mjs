// Compiles the HIP kernels: `node scripts/hip.mjs [targets or units …]`; nothing named: all of them, for all GPUs and the simulator.
import { join } from 'node:path';
import { ensureClang } from './lib/clang.mjs';
import { runScript, SetupError } from './lib/command.mjs';
import { compileUnit, TARGETS, unitsOf } from './lib/hip-build.mjs';
import { BIN_FOLDER } from './lib/paths.mjs';

await runScript(async (signal) => {
  const { clang } = await ensureClang(signal);
  const units = await unitsOf();
  const targets = [...TARGETS, 'sim'];
  const named = process.argv.slice(2);
  const unknown = named.find((name) => !units.includes(name) && !targets.includes(name));
  if (unknown !== undefined) {
    throw new SetupError(`"${unknown}" is neither a GPU (${targets.join(', ')}) nor a unit (${units.join(', ')}).`);
  }
  /** @param {readonly string[]} all */
  const chosen = (all) => {
    const some = all.filter((name) => named.includes(name));
    return some.length === 0 ? all : some;
  };
  for (const target of chosen(targets)) {
    for (const unit of chosen(units)) {
      signal.throwIfAborted();
      await compileUnit({
        clang,
        unit,
        target,
        output: join(BIN_FOLDER, 'hip', target, `${unit}.${target === 'sim' ? 'so' : 'hsaco'}`),
      });
      console.log(`${target}/${unit}`);
    }
  }
  return 0;
});
