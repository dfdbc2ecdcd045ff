import { Gauge, type Registry } from 'prom-client';

/** How a source stands in the database. Ages are in seconds; null: no VDN of it was ever verified. */
export interface SourceState {
  readonly source: string;
  /** Since the VDN that was verified longest ago was; VDNs never verified are not counted here. */
  readonly oldestAgeSeconds: number | null;
  /** Since any VDN was last verified. */
  readonly newestAgeSeconds: number | null;
  readonly configured: number;
  /** What the last run was configured with; null: there was none. */
  readonly staleAfterSeconds: number | null;
  /** VDNs not verified for longer than `freshness.staleAfter`, or never. */
  readonly stale: number;
  readonly failing: number;
  readonly held: number;
  /** Since the VDN that has been held longest is; null: none is held. */
  readonly heldForSeconds: number | null;
}

/** The gauges that speak of the database rather than of this process, so that they outlive a restart. */
export interface SourceGauges {
  databaseAnswered(states: readonly SourceState[]): void;
  /** What was last known stays, and its ages go on growing. */
  databaseAway(): void;
}

export function sourceGauges(registers: Registry[]): SourceGauges {
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['source'], registers });
  let states: readonly SourceState[] = [];
  let answeredAt = 0;

  const lastSuccess = gauge(
    'obs_code_sync_last_success_timestamp_seconds',
    'When a VDN of the source was last verified, in seconds since the epoch.',
  );
  new Gauge({
    name: 'obs_code_sync_oldest_verified_vdn_age_seconds',
    help: 'Time since the verification of the VDN that was verified longest ago.',
    labelNames: ['source'],
    registers,
    collect() {
      const elapsedSeconds = (performance.now() - answeredAt) / 1000;
      for (const { source, oldestAgeSeconds } of states) {
        if (oldestAgeSeconds !== null) this.set({ source }, oldestAgeSeconds + elapsedSeconds);
      }
    },
  });
  const configured = gauge('obs_code_sync_configured_vdns', 'Configured VDNs.');
  const staleAfter = gauge(
    'obs_code_sync_stale_after_seconds',
    'How old a verification may be before its VDN is stale: freshness.staleAfter, as the last run had it.',
  );
  const heldSince = gauge(
    'obs_code_sync_held_since_timestamp_seconds',
    'Since when the VDN that has been held longest is held, in seconds since the epoch; missing where none is.',
  );
  const stale = gauge(
    'obs_code_sync_stale_vdns',
    'VDNs not verified for longer than freshness.staleAfter, or never.',
  );
  const failing = gauge('obs_code_sync_failing_vdns', 'VDNs whose last attempt failed.');
  const held = gauge('obs_code_sync_held_vdns', 'VDNs whose change waits for an approval.');
  const databaseUp = new Gauge({
    name: 'obs_code_sync_database_up',
    help: '1 where the database answered when this was asked for, else 0.',
    registers,
  });

  return {
    databaseAnswered(latest) {
      states = latest;
      answeredAt = performance.now();
      databaseUp.set(1);
      for (const state of states) {
        const { source, newestAgeSeconds, staleAfterSeconds, heldForSeconds } = state;
        const now = Date.now() / 1000;
        if (newestAgeSeconds !== null) lastSuccess.set({ source }, now - newestAgeSeconds);
        if (staleAfterSeconds !== null) staleAfter.set({ source }, staleAfterSeconds);
        if (heldForSeconds === null) heldSince.remove({ source });
        else heldSince.set({ source }, now - heldForSeconds);
        configured.set({ source }, state.configured);
        stale.set({ source }, state.stale);
        failing.set({ source }, state.failing);
        held.set({ source }, state.held);
      }
    },
    databaseAway: () => databaseUp.set(0),
  };
}
