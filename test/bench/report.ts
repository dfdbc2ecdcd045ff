import { print, table } from '../../src/commands/terminal.ts';
import { contestants } from './contestants.ts';
import { figuresOf } from './figures.ts';
import type { Round } from './rounds.ts';
import type { Target } from './targets.ts';

/** The table of one situation: medians over its rounds. */
export function printRounds(heading: string, rounds: readonly Round[]): void {
  const head = [
    ...['', 'wall s', '× got', 'run s', '× got', 'CPU s', 'CPU db', 'CPU sim'],
    ...['requests', 'code rows', 'other rows', 'WAL MB', 'peak MB'],
  ];
  const rows = contestants.map(({ name }) => {
    const figures = figuresOf(name, rounds);
    return [
      name,
      seconds(figures.wallMs),
      figures.wallToGot.toFixed(2),
      seconds(figures.jobMs),
      figures.jobToGot.toFixed(2),
      seconds(figures.cpuMs),
      seconds(figures.databaseCpuMs),
      seconds(figures.simulatorCpuMs),
      whole(figures.requests),
      whole(figures.codeRows),
      whole(figures.otherRows),
      (figures.walBytes / 1e6).toFixed(2),
      whole(figures.peakMib),
    ];
  });
  print('', `${heading}; medians of ${rounds.length}`, table(head, rows));
}

/** The figures to reach, and whether they were. */
export function printTargets(targets: readonly Target[]): void {
  const rows = targets.map(({ what, limit, value, reached }) => [
    what,
    value.toFixed(2),
    limit.toFixed(2),
    reached ? 'reached' : 'NOT reached',
  ]);
  print('', table(['figure', 'came out', 'to reach', ''], rows));
  if (targets.some(({ reached }) => !reached)) {
    print(
      'Where the rest goes, from profiles: docs/performance.md; `--profile DIR` keeps those of this run.',
    );
  }
}

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

export function whole(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}
