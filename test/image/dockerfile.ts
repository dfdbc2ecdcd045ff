import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

export interface Stage {
  /** Undefined for the last one. */
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  /** The stage that is copied from; undefined: the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** The stages of the Dockerfile. It uses a small part of the language, and this knows no more. */
export function readDockerfile(): { readonly baseImage: string; readonly stages: readonly Stage[] } {
  const text = readFileSync(path.join(projectRoot, 'Dockerfile'), 'utf8');
  const instructions = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, keyword = '', text = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      return { keyword, text };
    });
  const [, baseImage = ''] = /^ARG NODE_IMAGE=(\S+)$/m.exec(text) ?? [];
  const stages: { name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') {
      stages.push({ name: / AS (\S+)$/.exec(instruction.text)?.[1], instructions: [] });
    } else {
      stages.at(-1)?.instructions.push(instruction);
    }
  }
  return { baseImage, stages };
}

/** What a COPY instruction says. */
export function parseCopy(text: string): Copy {
  const words = text.split(' ');
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const target = words.pop() ?? '';
  return { from, sources: words, target };
}
