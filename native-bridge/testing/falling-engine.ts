import { fallingAt } from '../../test/support/fragile-device';
import { runEngineProcess } from '../engine/engine-process';
import { takingTurns } from '../engine/open-device';

/** Rows of a step that no device of this process survives. */
const FATAL_ROWS = 11;

/** The engine process on devices that a certain request takes down, one after the other. */
await runEngineProcess(() => Promise.resolve(takingTurns(fallingAt(FATAL_ROWS).device)));
