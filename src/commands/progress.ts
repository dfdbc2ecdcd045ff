import { createLogUpdate } from 'log-update';
import { formatSpan } from '../domain/text.ts';
import type { RunObserver } from '../sync/run.ts';

/** A screen that shows a run's progress, and log lines above it. */
export interface Progress extends RunObserver {
  writeLine(line: string): void;
  /** Leaves the screen as if there had been no bar. */
  done(): void;
}

const redrawMs = 100;
const longestBar = 40;
const usualColumns = 80;

/** A progress bar on stderr where that is a terminal that can move its cursor, nothing elsewhere. */
export function createProgress(): Progress {
  const { stderr } = process;
  if (!stderr.isTTY || process.env.TERM === 'dumb') {
    return {
      started() {},
      attempted() {},
      concluded() {},
      writeLine: (line) => stderr.write(line),
      done() {},
    };
  }
  const screen = createLogUpdate(stderr);
  let state = begin(0);
  let redrawing: NodeJS.Timeout | undefined;
  const draw = () => {
    if (redrawing !== undefined) screen(barLine(state, stderr.columns || usualColumns));
  };
  return {
    started(total) {
      state = begin(total);
      redrawing = setInterval(draw, redrawMs).unref();
      draw();
    },
    attempted: () => void state.requests++,
    concluded({ outcome }) {
      state.concluded++;
      if (outcome === 'failed' || outcome === 'held' || outcome === 'skipped') state.trouble++;
      if (state.concluded === state.total) draw();
    },
    writeLine(line) {
      if (redrawing !== undefined) screen.clear();
      stderr.write(line);
      draw();
    },
    done() {
      clearInterval(redrawing);
      if (redrawing !== undefined) screen.clear();
      redrawing = undefined;
      screen.done();
    },
  };
}

function begin(total: number) {
  return { startedAt: performance.now(), total, concluded: 0, requests: 0, trouble: 0 };
}

/** One line that a terminal of so many columns does not wrap. */
function barLine(
  { startedAt, total, concluded, requests, trouble }: ReturnType<typeof begin>,
  columns: number,
): string {
  const elapsedMs = performance.now() - startedAt;
  const seconds = elapsedMs < 1000 ? '0 s' : formatSpan(Math.floor(elapsedMs / 1000) * 1000);
  const figures = `${concluded}/${total} VDNs · ${requests} requests · ${trouble} in trouble · ${seconds}`;
  const room = columns - 1;
  const length = Math.min(longestBar, room - figures.length - 1);
  if (length < 1) return figures.slice(0, room);
  const filled = total === 0 ? length : Math.floor((length * concluded) / total);
  return `${'█'.repeat(filled)}${'░'.repeat(length - filled)} ${figures}`;
}
