import { simulateTabs, tabsScenario } from '../store/simulate-tabs';
import { firstViolation, type FindViolation } from './violation';

export const violation: FindViolation = (seed, runs) => firstViolation(tabsScenario, simulateTabs, { seed, runs });
