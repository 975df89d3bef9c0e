import { ForgelightChat } from '../../src/element/forgelight-chat';
import type { Engine, EngineOptions, FitReport } from '../../src/client/index';
import { ScriptedEngines } from './scripted-engine';

/** Registers `<forgelight-chat>` with engines that the test steps by hand; `engines.now` are those of the running test. */
export function defineScriptedChat(): { now: ScriptedEngines } {
  const engines = { now: new ScriptedEngines() };
  class ScriptedChat extends ForgelightChat {
    protected override startEngine(options: EngineOptions): Promise<Engine> {
      return engines.now.createEngine(options);
    }

    protected override askFit(): Promise<FitReport> {
      return Promise.reject(new Error('Nobody asks here.'));
    }
  }
  customElements.define('forgelight-chat', ScriptedChat);
  return engines;
}
