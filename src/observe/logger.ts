import pino, { type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Config } from '../config/schema.ts';

/**
 * The program's log: JSON lines on stderr, or lines for people where stderr is a terminal.
 *
 * @param writeLine puts a line for people on a screen that may show a progress bar too
 * @param shown a message as it is to be shown
 */
export function createLogger(
  level: Config['log']['level'],
  writeLine: (line: string) => void,
  shown: (message: string) => string = (message) => message,
): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    hooks: {
      logMethod(args, method) {
        method.apply(this, args.map((arg) => (typeof arg === 'string' ? shown(arg) : arg)) as typeof args);
      },
    },
  };
  // Through the stream, not to its descriptor: a full disk or a pipe that is not read must not stop the program.
  if (!process.stderr.isTTY) return pino(options, { write: (line) => process.stderr.write(line) });
  const prettify = prettyFactory({
    colorize: process.stderr.hasColors(),
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
  });
  return pino(options, { write: (line) => writeLine(prettify(line)) });
}
