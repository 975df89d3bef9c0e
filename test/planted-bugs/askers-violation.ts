import { askersScenario, simulateAskers } from '../../native-bridge/testing/simulate-askers';
import { firstViolation, type FindViolation } from './violation';

export const violation: FindViolation = (seed, runs) => firstViolation(askersScenario, simulateAskers, { seed, runs });
