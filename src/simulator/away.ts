import type { Fault, FaultBook } from './faults.ts';
import type { Listening } from './listen.ts';

/** How a server is away: a balancer's statuses, connections cut or refused, no answer at all. */
export const awayModes = ['502', '503', '504', 'reset', 'refused', 'hang'] as const;
export type AwayMode = (typeof awayModes)[number];

const answers: Readonly<Record<Exclude<AwayMode, 'refused'>, Fault>> = {
  502: { kind: 'status', status: 502 },
  503: { kind: 'status', status: 503 },
  504: { kind: 'status', status: 504 },
  reset: { kind: 'cut' },
  hang: { kind: 'hang' },
};

/**
 * A server that can be away for a while, before all other faults. It can be edited meanwhile, unless it refuses
 * connections.
 */
export class Absence {
  readonly #faults: FaultBook;
  readonly #listening: Listening;
  #end: NodeJS.Timeout | undefined;
  #refuses = false;

  constructor(faults: FaultBook, listening: Listening) {
    this.#faults = faults;
    this.#listening = listening;
  }

  /** @param forMs until it comes back by itself; undefined: until `end` */
  async begin(how: AwayMode, forMs: number | undefined): Promise<void> {
    await this.end();
    if (how === 'refused') {
      this.#refuses = true;
      await this.#listening.stop();
    } else this.#faults.away = answers[how];
    if (forMs !== undefined) this.#end = setTimeout(() => void this.end(), forMs);
  }

  async end(): Promise<void> {
    clearTimeout(this.#end);
    this.#faults.away = undefined;
    if (!this.#refuses) return;
    this.#refuses = false;
    await this.#listening.start();
  }
}
