import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type ChangeCounts, changeKinds } from '../domain/diff.ts';
import { type VdnOutcome, vdnOutcomes } from '../domain/outcome.ts';
import { vdnErrorCodes } from '../errors.ts';
import { version } from '../version.ts';

/** How a run of this process ended; `refused` is one that could not begin. */
const runStatuses = ['succeeded', 'partial', 'failed', 'interrupted', 'refused'] as const;
export type RunEnd = (typeof runStatuses)[number];

const runBuckets = [1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400];
const requestBuckets = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts what the runs of this process do. It is the observer of a run. */
export interface Metrics {
  started(): void;
  attempted(source: string, attempt: { readonly result: string; readonly durationMs: number }): void;
  concluded(result: {
    readonly source: string;
    readonly outcome: VdnOutcome;
    readonly codes: ChangeCounts;
  }): void;
  runBegins(): void;
  runEnds(status: RunEnd, durationMs: number): void;
  /** When the next run is due. */
  nextRun(at: Date): void;
  /** What the database last said of the sources. */
  readonly sources: SourceGauges;
  readonly contentType: string;
  /** All metrics, in the Prometheus text format. */
  render(): Promise<string>;
}

/** The metrics of this process. Counters of each source are there, as zeros, from the start. */
export function createMetrics(sourceNames: readonly string[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const runs = new Counter({
    name: 'obs_code_sync_runs_total',
    help: 'Runs of this process by how they ended; refused: could not begin.',
    labelNames: ['status'],
    registers,
  });
  const runDuration = new Histogram({
    name: 'obs_code_sync_run_duration_seconds',
    help: 'How long runs of this process took.',
    buckets: runBuckets,
    registers,
  });
  const inProgress = new Gauge({
    name: 'obs_code_sync_run_in_progress',
    help: '1 while a run of this process is under way, else 0.',
    registers,
  });
  const nextRun = new Gauge({
    name: 'obs_code_sync_next_run_timestamp_seconds',
    help: 'When the next run is due, in seconds since the epoch.',
    registers,
  });
  const vdns = new Counter({
    name: 'obs_code_sync_vdns_total',
    help: 'VDNs of runs of this process, by outcome.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const codeChanges = new Counter({
    name: 'obs_code_sync_code_changes_total',
    help: 'Changes of codes that runs of this process wrote, by kind.',
    labelNames: ['source', 'kind'],
    registers,
  });
  const requests = new Counter({
    name: 'obs_code_sync_requests_total',
    help: 'Requests to CC-iSales, retries included, by result: ok or the error code.',
    labelNames: ['source', 'result'],
    registers,
  });
  const requestDuration = new Histogram({
    name: 'obs_code_sync_request_duration_seconds',
    help: 'Time from sending a request to CC-iSales to the last byte of its answer.',
    labelNames: ['source'],
    buckets: requestBuckets,
    registers,
  });

  new Gauge({
    name: 'obs_code_sync_build_info',
    help: 'Always 1; its label is the version of the program.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);

  // A series that begins with its first failure looks to increase() as if there had been none.
  for (const status of runStatuses) runs.inc({ status }, 0);
  for (const source of sourceNames) {
    for (const outcome of vdnOutcomes) vdns.inc({ source, outcome }, 0);
    for (const kind of changeKinds) codeChanges.inc({ source, kind }, 0);
    for (const result of ['ok', ...vdnErrorCodes]) requests.inc({ source, result }, 0);
    requestDuration.zero({ source });
  }

  return {
    started() {},
    attempted(source, { result, durationMs }) {
      requests.inc({ source, result });
      requestDuration.observe({ source }, durationMs / 1000);
    },
    concluded({ source, outcome, codes }) {
      vdns.inc({ source, outcome });
      for (const kind of changeKinds) codeChanges.inc({ source, kind }, codes[kind]);
    },
    runBegins: () => inProgress.set(1),
    runEnds(status, durationMs) {
      inProgress.set(0);
      runs.inc({ status });
      runDuration.observe(durationMs / 1000);
    },
    nextRun: (at) => nextRun.set(at.getTime() / 1000),
    sources: sourceGauges(registers),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
}

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

/** The gauges that come from the database, and so survive a restart. */
export interface SourceGauges {
  databaseAnswered(states: readonly SourceState[]): void;
  /** The last known values stay, and ages keep growing. */
  databaseAway(): void;
}

function sourceGauges(registers: Registry[]): SourceGauges {
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
    'When the VDN that has been held longest began to be held, in seconds since the epoch; missing where none is.',
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
