import type { Clock } from '../../base/clock';
import { LOOKS } from '../../protocol/reader-port';

/** Notices that nothing was heard for a while, counted in looks at the clock: a machine that slept is no silence. Stop it when all was heard. */
export class Silence {
  private silentLooks = 0;
  private cancelLook: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly silenceMs: number,
    private readonly onSilence: () => void,
  ) {
    this.look();
  }

  heard(): void {
    this.silentLooks = 0;
  }

  stop(): void {
    this.cancelLook();
  }

  private look(): void {
    this.cancelLook = this.clock.after(this.silenceMs / LOOKS, () => {
      this.silentLooks += 1;
      if (this.silentLooks > LOOKS) this.onSilence();
      else this.look();
    });
  }
}
