import { type Difference, planOf, planOfAll } from '../domain/diff.ts';
import type { RunStore, VdnState } from '../store/run-store.ts';

/**
 * What a person has approved of one source: exactly the differences that were held when the run began, in exactly the VDNs
 * that were held. The same difference elsewhere is not approved.
 */
export class Approvals {
  readonly #source: string;
  readonly #store: RunStore;
  readonly #approved: ReadonlySet<string>;
  readonly #used: Set<string>;
  /** The plan of all that the source has held, where it is approved. */
  readonly #planOfAll: string | undefined;

  /**
   * @param approved plans of one difference, or of all that a source has held
   * @param used gains those of them that matched; shared by all sources of the run
   * @param states of all VDNs of the source, as they were when the run began
   */
  constructor(
    source: string,
    store: RunStore,
    approved: ReadonlySet<string>,
    used: Set<string>,
    states: readonly VdnState[],
  ) {
    this.#source = source;
    this.#store = store;
    this.#approved = approved;
    this.#used = used;
    if (approved.size === 0) return;
    const held = states.flatMap(({ vdnId, held }) => (held ? [{ vdnId, plan: held.plan }] : []));
    const all = planOfAll(source, held);
    this.#planOfAll = held.length > 0 && approved.has(all) ? all : undefined;
  }

  /** The plan of a difference, where it is approved in this VDN; undefined where it is not. */
  async planFor({ vdnId, held }: VdnState, difference: Difference): Promise<string | undefined> {
    if (held === undefined) return undefined;
    const covering = [held.plan, this.#planOfAll].filter((plan) => plan !== undefined);
    const approved = covering.filter((plan) => this.#approved.has(plan));
    if (approved.length === 0 || planOf(this.#source, difference) !== held.plan) return undefined;
    // Two differences could have one plan; the stored one decides.
    if (!(await this.#store.holds(this.#source, vdnId, difference.changes))) return undefined;
    for (const plan of approved) this.#used.add(plan);
    return held.plan;
  }
}
