import { assert, defined } from '../../base/assert';
import { errorToData, ForgelightError, type ErrorData } from '../../base/errors';
import type { OpenPlace, PlacedEngine, PlaceName, PlaceNews } from './engine-place';

interface Place {
  readonly open: OpenPlace;
  engine: PlacedEngine | null;
  opening: Promise<PlacedEngine> | null;
  /** When it was last begun to be opened. */
  triedAtMs: number;
}

export interface PlaceListener {
  readonly opened: (name: PlaceName, engine: PlacedEngine) => void;
  readonly failed: (name: PlaceName, error: ErrorData) => void;
  /** An engine has said by itself that it answers no more. */
  readonly wentDown: (name: PlaceName, engine: PlacedEngine, error: ErrorData) => void;
  readonly news: (engine: PlacedEngine, event: Parameters<PlaceNews['event']>[0]) => void;
}

/** Which engines there are, and which of them can answer now. One owner: nobody else opens or closes an engine of a place. */
export class Places {
  private readonly places = new Map<PlaceName, Place>();
  private isClosed = false;

  constructor(
    open: Readonly<Partial<Record<PlaceName, OpenPlace>>>,
    private readonly now: () => number,
    private readonly listener: PlaceListener,
  ) {
    for (const name of ['bridge', 'webgpu'] as const) {
      const opener = open[name];
      if (opener !== undefined) {
        this.places.set(name, { open: opener, engine: null, opening: null, triedAtMs: -Infinity });
      }
    }
    assert(this.places.size > 0, 'there is a place for engines');
  }

  get names(): readonly PlaceName[] {
    return [...this.places.keys()];
  }

  engine(name: PlaceName): PlacedEngine | null {
    return this.place(name).engine;
  }

  isOpening(name: PlaceName): boolean {
    return this.place(name).opening !== null;
  }

  triedAtMs(name: PlaceName): number {
    return this.place(name).triedAtMs;
  }

  /** The engine of a place, which is opened where it is not; the listener hears of it first. Rejects as its `OpenPlace`. */
  open(name: PlaceName): Promise<PlacedEngine> {
    const place = this.place(name);
    if (place.engine !== null) return Promise.resolve(place.engine);
    if (place.opening !== null) return place.opening;
    place.triedAtMs = this.now();
    const opening = this.begin(name, place);
    place.opening = opening;
    // Whoever opened it hears of a failure by the listener, too, and may wait for nothing else.
    opening.catch(() => undefined);
    return opening;
  }

  private async begin(name: PlaceName, place: Place): Promise<PlacedEngine> {
    let engine: PlacedEngine | null = null;
    let end: ErrorData | null = null; // it may break before it is known here
    const broke = (error: ErrorData): void => {
      end = error;
      if (engine !== null && this.down(name, engine)) this.listener.wentDown(name, engine, error);
    };
    try {
      engine = await place.open({
        broke,
        event: (event) => {
          if (engine === null || place.engine !== engine) return;
          // With its end its requests end, each by itself, and go on elsewhere.
          if (event.type === 'state' && (event.state === 'gone' || event.state === 'closed')) {
            broke(event.error ?? errorToData(closed(), 'closed'));
          } else this.listener.news(engine, event);
        },
      });
      if (this.isClosed || end !== null) {
        void engine.close();
        throw end === null ? closed() : new ForgelightError((end as ErrorData).code, (end as ErrorData).message);
      }
      place.engine = engine;
    } catch (error) {
      place.opening = null;
      if (!this.isClosed) this.listener.failed(name, errorToData(error, 'closed'));
      throw error;
    }
    place.opening = null;
    this.listener.opened(name, engine);
    return engine;
  }

  /** `engine` answers no more; another one that the place may have by now is left alone. False where that is known already. */
  down(name: PlaceName, engine: PlacedEngine): boolean {
    const place = this.place(name);
    if (place.engine !== engine) return false;
    place.engine = null;
    void engine.close();
    return true;
  }

  /** Closes what is open, and whatever is still being opened once it is. */
  async close(): Promise<void> {
    this.isClosed = true;
    const engines = [...this.places.values()].flatMap(({ engine }) => (engine === null ? [] : [engine]));
    for (const place of this.places.values()) place.engine = null;
    await Promise.all(engines.map((engine) => engine.close()));
  }

  private place(name: PlaceName): Place {
    return defined(this.places.get(name), `a place called ${name}`);
  }
}

function closed(): ForgelightError {
  return new ForgelightError('closed', 'The engine was closed while it was made ready.');
}
