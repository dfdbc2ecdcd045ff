import { AsyncLocalStorage } from 'node:async_hooks';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../src/commands/program.ts';
import { type CommandResult, commandResult } from './command.ts';

interface Output {
  stdout: string;
  stderr: string;
}

/** Which command writes: several may be under way. */
const speaking = new AsyncLocalStorage<Output>();

// As in a process of its own: no variables of the developer's shell, and the program's own name.
for (const name of Object.keys(process.env)) {
  if (/^(PG|OBS_|npm_)|_proxy$/i.test(name)) delete process.env[name];
}
process.argv[1] = path.join(fileURLToPath(new URL('../..', import.meta.url)), 'src/main.ts');
for (const stream of ['stdout', 'stderr'] as const) collect(stream);
// Node prints them by itself, past the stream.
process.on('warning', (warning) => {
  const output = speaking.getStore();
  if (output !== undefined) output.stderr += `${warning}\n`;
});

/**
 * Runs `obs-code-sync ARGS` in this process, which costs a tenth of a process of its own. What a process alone has
 * (signals, its output's end, its environment and directory, a terminal) is seen by `run` and `start` of command.ts.
 *
 * @param config path of the configuration, given as `--config`
 */
export async function call(args: readonly string[], config?: string): Promise<CommandResult> {
  const output: Output = { stdout: '', stderr: '' };
  const exitCode = await speaking.run(output, () =>
    runProgram(config === undefined ? args : [...args, '--config', config]),
  );
  return commandResult(exitCode, null, output);
}

function collect(name: keyof Output): void {
  const stream = process[name];
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const output = speaking.getStore();
    const done = rest.find((argument) => typeof argument === 'function');
    if (output === undefined) return write(chunk);
    output[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    if (done !== undefined) process.nextTick(done);
    return true;
  };
}
