import { simulateSupervisor, supervisorScenario } from '../../native-bridge/testing/simulate-supervisor';
import { firstViolation, type FindViolation } from './violation';

export const violation: FindViolation = (seed, runs) =>
  firstViolation(supervisorScenario, simulateSupervisor, { seed, runs });
