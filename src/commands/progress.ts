import { Presets, SingleBar } from 'cli-progress';
import type { RunObserver } from '../sync/run.ts';

/** A screen that shows a run's progress, and log lines above it. */
export interface Progress extends RunObserver {
  writeLine(line: string): void;
  done(): void;
}

/** A progress bar on stderr where that is a terminal, nothing elsewhere. */
export function createProgress(): Progress {
  const { stderr } = process;
  if (!stderr.isTTY) {
    return {
      started() {},
      attempted() {},
      concluded() {},
      writeLine: (line) => stderr.write(line),
      done() {},
    };
  }
  const bar = new SingleBar(
    {
      format:
        '{bar} {value}/{total} VDNs · {requests} requests · {trouble} in trouble · {duration_formatted}',
      stream: stderr,
      clearOnComplete: true,
      hideCursor: true,
      noTTYOutput: false,
    },
    Presets.rect,
  );
  let requests = 0;
  let trouble = 0;
  return {
    started: (total) => bar.start(total, 0, { requests, trouble }),
    attempted: () => {
      requests++;
      bar.update({ requests });
    },
    concluded({ outcome }) {
      if (outcome === 'failed' || outcome === 'held' || outcome === 'skipped') trouble++;
      bar.increment(1, { requests, trouble });
    },
    writeLine(line) {
      if (bar.isActive) stderr.write('\r\u001b[K');
      stderr.write(line);
      if (bar.isActive) bar.render();
    },
    done: () => bar.stop(),
  };
}
