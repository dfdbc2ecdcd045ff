import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal to every process of a group; a group that is gone is no error. */
export function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * The processes of a group that are alive, by id. Read from /proc and not asked of `kill(2)`, which also
 * counts zombies, and those stay for good in a container without an init process.
 */
export function groupMembers(leader: number): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((id) => {
    const fields = statFields(id);
    return fields?.group === leader && !'ZX'.includes(fields.state);
  });
}

function statFields(id: number): { state: string; group: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may hold blanks and parentheses itself.
    const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, group: Number(group) };
  } catch {
    return undefined;
  }
}
