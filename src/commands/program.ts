import { Command, CommanderError } from 'commander';
import { type ExitCode, exitCodes, FatalError, Interruption } from '../errors.ts';
import { version } from '../version.ts';
import type { Exit } from './common.ts';
import { programName } from './invocation.ts';
import { reportRefusal, shownFailure } from './refusal.ts';

/** Each needs libraries that the others do not: only the requested one is loaded. */
const commands = new Map<string, (exit: Exit) => Promise<Command>>([
  ['sync', async (exit) => (await import('./sync.ts')).syncCommand(exit)],
  ['schedule', async (exit) => (await import('./schedule.ts')).scheduleCommand(exit)],
  ['migrate', async (exit) => (await import('./migrate.ts')).migrateCommand(exit)],
  ['check', async (exit) => (await import('./check.ts')).checkCommand(exit)],
  ['status', async (exit) => (await import('./status.ts')).statusCommand(exit)],
  ['changes', async (exit) => (await import('./changes.ts')).changesCommand(exit)],
  ['export', async (exit) => (await import('./export.ts')).exportCommand(exit)],
  ['simulate', async () => (await import('./simulate.ts')).simulateCommand()],
  ['demo', async (exit) => (await import('./demo.ts')).demoCommand(exit)],
]);

/**
 * Runs the command that the arguments name, to its end. All its output, errors included, goes to stdout and stderr.
 *
 * @param args what follows the program's name
 * @returns the exit code of the process
 */
export async function runProgram(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done;
  try {
    const program = await programFor(args[0] ?? '', (code) => {
      exitCode = code;
    });
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    const failure = endOf(error);
    if (failure === undefined) return exitCode;
    await report(failure, args);
    return failure.exitCode;
  }
}

async function programFor(name: string, exit: Exit): Promise<Command> {
  const program = new Command('obs-code-sync')
    .description(
      'Keeps the OBS result codes of CC-iSales call centres in Postgres, proven whole and with history.',
    )
    .version(version)
    .exitOverride()
    // What is wrong with the arguments is reported below, like every other error.
    .configureOutput({
      outputError: () => {},
      // The examples of a help text work as they stand where they are printed.
      writeOut: (text) =>
        process.stdout.write(text.replaceAll(/^(Usage: | {2})obs-code-sync(?= )/gm, `$1${programName()}`)),
    });
  const asked = commands.get(name);
  // The help shows them all, and a mistyped name is compared with all.
  for (const load of asked ? [asked] : commands.values()) {
    program.addCommand((await load(exit)).copyInheritedSettings(program));
  }
  return program;
}

/** What ended the command, or undefined where it only printed its help or version. */
function endOf(error: unknown): FatalError | Interruption | undefined {
  if (error instanceof FatalError || error instanceof Interruption) return error;
  if (error instanceof CommanderError) return error.exitCode === 0 ? undefined : usageError(error);
  return new FatalError('unexpected', `unexpected error: ${String(error)}`, { cause: error });
}

function usageError({ code, message }: CommanderError): FatalError {
  if (code === 'commander.help') return new FatalError('usage', 'Name a command.');
  return new FatalError('usage', `${message.replace(/^error: /, '')}\nRun with --help to see what there is.`);
}

async function report(ended: FatalError | Interruption, args: readonly string[]): Promise<void> {
  const failure = shownFailure(ended, args);
  process.stderr.write(`${failure.message}\n`);
  const { cause } = failure;
  if (failure instanceof FatalError && failure.code === 'unexpected' && cause instanceof Error) {
    process.stderr.write(`${cause.stack}\nThis is a bug: please report it with the lines above.\n`);
  }
  await reportRefusal(failure, args);
}
