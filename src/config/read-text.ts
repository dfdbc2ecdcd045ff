import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { Parsed } from './fields.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
};

/**
 * A file's text, or why it cannot be read, in words without the file's name (which may come from a placeholder).
 *
 * @param encoding `latin1` takes any bytes: for PEM, which is ASCII and may have notes in any encoding around it
 */
export function readText(
  path: string,
  encoding: 'utf8' | 'latin1' = 'utf8',
): Parsed<string> & { readonly code?: string } {
  try {
    const bytes = readFileSync(path);
    if (isUtf16(bytes)) return { ok: false, problems: ['it is UTF-16; save it as UTF-8'] };
    if (encoding === 'utf8' && !isUtf8(bytes))
      return { ok: false, problems: [`line ${lineThatIsNot(bytes)} is not UTF-8; save it as UTF-8`] };
    return { ok: true, value: bytes.toString(encoding) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { ok: false, problems: [reasons[code] ?? code], code };
  }
}

/** Counted from 1. No byte of a longer character is a line break. */
function lineThatIsNot(bytes: Buffer): number {
  for (let line = 1, from = 0; ; line++) {
    const end = bytes.indexOf('\n', from);
    if (end === -1 || !isUtf8(bytes.subarray(from, end))) return line;
    from = end + 1;
  }
}

/** By its byte order mark, or a first character of ASCII in two bytes, as Windows PowerShell and Notepad write it. */
function isUtf16([first, second]: Buffer): boolean {
  const mark = [first, second].toSorted().join() === '254,255';
  return mark || (first === 0) !== (second === 0);
}
