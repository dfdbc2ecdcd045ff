import { readFileSync } from 'node:fs';

/** Linux counts a process's time in hundredths of a second, at any rate of the kernel's own clock. */
const tickMs = 10;

interface ProcessTimes {
  readonly parent: number;
  /** User and system time of the process. */
  readonly ownMs: number;
  /** The same of its children that have ended. */
  readonly endedChildrenMs: number;
}

/** What a process has used so far, from /proc (proc_pid_stat(5)). */
export function processTimes(pid: number): ProcessTimes {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses, which may hold blanks and parentheses itself.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0] = fields;
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return {
    parent,
    ownMs: (user + system) * tickMs,
    endedChildrenMs: (childrenUser + childrenSystem) * tickMs,
  };
}

/** What a process and its children have used so far, those that have ended included. */
export function familyMs(pid: number): number {
  const { ownMs, endedChildrenMs } = processTimes(pid);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? [];
  try {
    return children.reduce((sum, child) => sum + processTimes(Number(child)).ownMs, ownMs + endedChildrenMs);
  } catch (error) {
    // A child that ended meanwhile counts among the ended ones now. ESRCH: it ended between opening and reading.
    const gone =
      error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
    if (gone) return familyMs(pid);
    throw error;
  }
}
