#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { printJson } from './commands/terminal.ts';
import { version } from './commands/version.ts';
import { type ExitCode, FatalError } from './errors.ts';
import { refusedSummary } from './sync/summary.ts';

function exit(code: ExitCode): void {
  process.exitCode = code;
}

const program = new Command('obs-code-sync')
  .description(
    'Keeps the OBS result codes of CC-iSales call centres in Postgres, proven whole and with history.',
  )
  .version(version)
  .exitOverride()
  // What is wrong with the arguments is reported below, like every other error.
  .configureOutput({ outputError: () => {} });
/** Each brings libraries that the others have no use for: only the one that is asked for is loaded. */
const commands = new Map<string, () => Promise<Command>>([
  ['sync', async () => (await import('./commands/sync.ts')).syncCommand(exit)],
  ['schedule', async () => (await import('./commands/schedule.ts')).scheduleCommand(exit)],
  ['migrate', async () => (await import('./commands/migrate.ts')).migrateCommand(exit)],
  ['check', async () => (await import('./commands/check.ts')).checkCommand(exit)],
  ['status', async () => (await import('./commands/status.ts')).statusCommand(exit)],
  ['changes', async () => (await import('./commands/changes.ts')).changesCommand(exit)],
  ['simulate', async () => (await import('./commands/simulate.ts')).simulateCommand()],
  ['demo', async () => (await import('./commands/demo.ts')).demoCommand(exit)],
]);
const asked = commands.get(process.argv[2] ?? '');
// The help shows them all, and a mistyped name is compared with all.
for (const load of asked ? [asked] : commands.values()) {
  program.addCommand((await load()).copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (error) {
  const failure = asFatal(error);
  if (failure !== undefined) report(failure);
}

/** What ended the command, or undefined where it only printed its help or version. */
function asFatal(error: unknown): FatalError | undefined {
  if (error instanceof FatalError) return error;
  if (error instanceof CommanderError) return error.exitCode === 0 ? undefined : usageError(error);
  return new FatalError('unexpected', `unexpected error: ${String(error)}`, { cause: error });
}

function usageError({ code, message }: CommanderError): FatalError {
  if (code === 'commander.help') return new FatalError('usage', 'Name a command.');
  return new FatalError('usage', `${message.replace(/^error: /, '')}\nRun with --help for what there is.`);
}

function report(failure: FatalError): void {
  process.exitCode = failure.exitCode;
  // Whoever asked for JSON gets JSON, whatever happened; a mistyped option has kept it from being parsed.
  const [command, ...options] = process.argv.slice(2);
  if (options.includes('--json')) {
    const { code, message } = failure;
    const refused =
      command === 'sync'
        ? refusedSummary(failure, options.includes('--dry-run'))
        : { error: { code, message } };
    printJson(refused);
  }
  const { cause } = failure;
  process.stderr.write(`${failure.message}\n`);
  if (failure.code === 'unexpected' && cause instanceof Error) {
    process.stderr.write(`${cause.stack}\nThis is a bug: please report it with the lines above.\n`);
  }
}
