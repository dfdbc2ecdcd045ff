import { readFileSync } from 'node:fs';

export const deployingDoc = readFileSync(new URL('../../docs/deploying.md', import.meta.url), 'utf8');

/** The YAML block of docs/deploying.md whose first line is the comment `# NAME`. */
export function yamlNamed(name: string): string {
  for (const [, indent = '', text = ''] of deployingDoc.matchAll(/^( *)```yaml\n(.*?)^ *```$/gms)) {
    const lines = text.split('\n').map((line) => line.slice(indent.length));
    if (lines[0] === `# ${name}`) return lines.join('\n');
  }
  throw new Error(`docs/deploying.md has no YAML named ${name}`);
}

/** Every `kubectl …` of the shell blocks, one a line, without comments. */
export function kubectlCommands(): string[] {
  const blocks = [...deployingDoc.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, text = '']) => text);
  const inText = [...deployingDoc.matchAll(/`(kubectl [^`]+)`/g)].map(([, command = '']) => command);
  return [...blocks.flatMap((text) => text.replaceAll(/\\\n */g, '').split('\n')), ...inText]
    .map((line) => line.replace(/ # .*/, '').trim())
    .filter((line) => line.startsWith('kubectl '));
}
