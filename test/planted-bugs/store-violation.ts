import { simulateStore } from '../store/simulate-store';
import { storeScenario } from '../store/store-scenario';
import { firstViolation, type FindViolation } from './violation';

export const violation: FindViolation = (seed, runs) => firstViolation(storeScenario, simulateStore, { seed, runs });
