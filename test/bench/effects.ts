import type { BenchDatabase, BenchServer, DatabaseStatistics } from './bench-server.ts';
import type { SimulatorProcess } from './simulator-process.ts';

/** What is observed while a program runs. */
export interface Watched {
  readonly server: BenchServer;
  readonly simulators: readonly SimulatorProcess[];
  /** Whose rows are counted; undefined where none is used. */
  readonly database: BenchDatabase | undefined;
}

/** What a program caused in the simulators and in the database, by their own counts. */
export interface Effects {
  readonly databaseCpuMs: number;
  readonly simulatorCpuMs: number;
  readonly requests: number;
  /** With a 200. */
  readonly answered: number;
  /** The most that one simulator saw. */
  readonly mostAtOnce: number;
  readonly rowsWritten: Readonly<Record<string, number>>;
  readonly walBytes: number;
  readonly deadlocks: number;
}

const nothingCounted: DatabaseStatistics = { rowsWritten: {}, deadlocks: 0, walBytes: 0 };

/** Does the work and returns its result and its effects. */
export async function watching<T>(watched: Watched, work: () => Promise<T>): Promise<[T, Effects]> {
  const { server, simulators, database } = watched;
  await database?.vacuum();
  for (const simulator of simulators) await simulator.resetRequests();
  const before = (await database?.statistics()) ?? nothingCounted;
  const cpuBefore = { database: server.cpuMs(), simulators: cpuOf(simulators) };

  const result = await work();

  const after = (await database?.statistics()) ?? nothingCounted;
  const databaseCpuMs = server.cpuMs() - cpuBefore.database;
  const simulatorCpuMs = cpuOf(simulators) - cpuBefore.simulators;
  const counts = await Promise.all(simulators.map((simulator) => simulator.requests()));
  const rowsWritten = Object.entries(after.rowsWritten).map(
    ([table, rows]) => [table, rows - (before.rowsWritten[table] ?? 0)] as const,
  );
  return [
    result,
    {
      databaseCpuMs,
      simulatorCpuMs,
      requests: sum(counts.map(({ total }) => total)),
      answered: sum(counts.map(({ byStatus }) => byStatus['200'] ?? 0)),
      mostAtOnce: Math.max(...counts.map(({ mostAtOnce }) => mostAtOnce)),
      rowsWritten: Object.fromEntries(rowsWritten),
      walBytes: after.walBytes - before.walBytes,
      deadlocks: after.deadlocks - before.deadlocks,
    },
  ];
}

function cpuOf(simulators: readonly SimulatorProcess[]): number {
  return sum(simulators.map((simulator) => simulator.cpuMs()));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
