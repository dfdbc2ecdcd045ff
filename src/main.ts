import { enableCompileCache } from 'node:module';
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { Command, CommanderError } from 'commander';
import { programName } from './commands/invocation.ts';
import { keepOutputFromBlocking, outputEnds } from './commands/output.ts';
import { tellRefusal } from './commands/refusal.ts';
import { type ExitCode, exitCodes, FatalError, Interruption } from './errors.ts';
import { version } from './version.ts';

/** Where a name has several addresses, Node gives each 250 ms, which is too little for a slow network. */
setDefaultAutoSelectFamilyAttemptTimeout(2_500);

function exit(code: ExitCode): void {
  // What could not be printed has set one already.
  if (code !== exitCodes.done) process.exitCode = code;
}

// A third of what a command takes to start is compiling; in the image NODE_COMPILE_CACHE has it done already.
enableCompileCache();
keepOutputFromBlocking();

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
/** Each brings libraries that the others have no use for: only the one that is asked for is loaded. */
const commands = new Map<string, () => Promise<Command>>([
  ['sync', async () => (await import('./commands/sync.ts')).syncCommand(exit)],
  ['schedule', async () => (await import('./commands/schedule.ts')).scheduleCommand(exit)],
  ['migrate', async () => (await import('./commands/migrate.ts')).migrateCommand(exit)],
  ['check', async () => (await import('./commands/check.ts')).checkCommand(exit)],
  ['status', async () => (await import('./commands/status.ts')).statusCommand(exit)],
  ['changes', async () => (await import('./commands/changes.ts')).changesCommand(exit)],
  ['export', async () => (await import('./commands/export.ts')).exportCommand(exit)],
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
  const failure = endOf(error);
  if (failure !== undefined) await report(failure);
} finally {
  await outputEnds();
}

/** What ended the command, or undefined where it only printed its help or version. */
function endOf(error: unknown): FatalError | Interruption | undefined {
  if (error instanceof FatalError || error instanceof Interruption) return error;
  if (error instanceof CommanderError) return error.exitCode === 0 ? undefined : usageError(error);
  return new FatalError('unexpected', `unexpected error: ${String(error)}`, { cause: error });
}

function usageError({ code, message }: CommanderError): FatalError {
  if (code === 'commander.help') return new FatalError('usage', 'Name a command.');
  return new FatalError('usage', `${message.replace(/^error: /, '')}\nRun with --help for what there is.`);
}

async function report(failure: FatalError | Interruption): Promise<void> {
  process.exitCode = failure.exitCode;
  process.stderr.write(`${failure.message}\n`);
  const { cause } = failure;
  if (failure instanceof FatalError && failure.code === 'unexpected' && cause instanceof Error) {
    process.stderr.write(`${cause.stack}\nThis is a bug: please report it with the lines above.\n`);
  }
  await tellRefusal(failure, process.argv.slice(2));
}
