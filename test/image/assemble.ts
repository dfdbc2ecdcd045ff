import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseCopy, projectRoot, readDockerfile, type Stage } from './dockerfile.ts';

const runFile = promisify(execFile);

/** Stages upon the base image, whose files are not there without an engine: what they add is no file of the program. */
const engineStages: readonly (string | undefined)[] = ['base', 'compiled'];

/**
 * Puts into `directory` the files that the image has above its base, without an engine: it follows the COPY, RUN and
 * WORKDIR lines of the Dockerfile itself, each stage in a directory of its own.
 *
 * @returns the root of the last stage's files
 */
export async function assembleImage(directory: string): Promise<string> {
  const { stages } = readDockerfile();
  const roots = new Map<string | undefined, string>();
  for (const [index, stage] of stages.entries()) {
    if (engineStages.includes(stage.name)) continue;
    const root = path.join(directory, `stage-${index}`);
    roots.set(stage.name, root);
    await build(stage, root, roots);
  }
  return roots.get(undefined) ?? '';
}

async function build(
  { instructions }: Stage,
  root: string,
  roots: ReadonlyMap<string | undefined, string>,
): Promise<void> {
  let workdir = root;
  for (const { keyword, text } of instructions) {
    if (keyword === 'WORKDIR') {
      workdir = path.join(root, text);
      await mkdir(workdir, { recursive: true });
    } else if (keyword === 'COPY') {
      await copy(text, root, workdir, roots);
    } else if (keyword === 'RUN') {
      // It runs on this machine and not in a container, so nothing else may.
      if (!/^npm ci [-=a-z ]+$/.test(text))
        throw new Error(`not a command to run without an engine: ${text}`);
      // What npm has downloaded before need not be downloaded again.
      const env = { ...process.env, npm_config_prefer_offline: 'true' };
      await runFile('sh', ['-c', text], { cwd: workdir, env, maxBuffer: 2 ** 26 });
    }
  }
}

async function copy(
  text: string,
  root: string,
  workdir: string,
  roots: ReadonlyMap<string | undefined, string>,
): Promise<void> {
  const { from, sources, target } = parseCopy(text);
  if (from !== undefined && engineStages.includes(from)) return;
  const origin = from === undefined ? projectRoot : roots.get(from);
  if (origin === undefined) throw new Error(`COPY from a stage that is not there: ${text}`);
  const place = target.startsWith('/') ? path.join(root, target) : path.join(workdir, target);
  for (const source of sources) {
    const intoDirectory = target.endsWith('/') || sources.length > 1;
    const to = intoDirectory ? path.join(place, path.basename(source)) : place;
    await cp(path.join(origin, source), to, { recursive: true, verbatimSymlinks: true });
  }
}
