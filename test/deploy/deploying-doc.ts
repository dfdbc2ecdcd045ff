import { examples, read } from '../support/documents.ts';

export const deployingDoc = read('docs/deploying.md');

/** The YAML example of docs/deploying.md whose first line is the comment `# NAME`. */
export function yamlNamed(name: string): string {
  const found = examples(deployingDoc, 'yaml').find((text) => text.startsWith(`# ${name}\n`));
  if (found === undefined) throw new Error(`docs/deploying.md has no YAML named ${name}`);
  return found;
}

/** Every `kubectl …` of the shell examples, one a line, without comments. */
export function kubectlCommands(): string[] {
  const inText = [...deployingDoc.matchAll(/`(kubectl [^`]+)`/g)].map(([, command = '']) => command);
  const lines = examples(deployingDoc, 'sh').flatMap((text) => text.replaceAll(/\\\n */g, '').split('\n'));
  return [...lines, ...inText]
    .map((line) => line.replace(/ # .*/, '').trim())
    .filter((line) => line.startsWith('kubectl '));
}
