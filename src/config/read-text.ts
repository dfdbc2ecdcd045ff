import { readFileSync } from 'node:fs';
import type { Parsed } from './parsed.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
};

/** A file's text, or why it cannot be read, in words without the file's name (which may come from a placeholder). */
export function readText(path: string): Parsed<string> & { readonly code?: string } {
  try {
    return { ok: true, value: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { ok: false, problems: [reasons[code] ?? code], code };
  }
}
