import { VdnError } from '../errors.ts';
import { quote } from './quote.ts';

/** One entry of a VDN's code list, after validation: safe to store as it is. */
export interface ResultCode {
  /** Text, never a number: leading zeros matter. */
  readonly obsCode: string;
  /** Null where the source sent null or nothing. */
  readonly obsCodeDesc: string | null;
}

const longestCode = 255;

/**
 * Checks one row of a page and gives it in the domain's terms. Nothing is repaired: what Postgres could
 * not store exactly as it was sent is refused.
 *
 * @param row what stands in `obsCodes`, straight from JSON
 * @param where names the row for the message, e.g. `page 2, row 7`
 * @throws VdnError `bad-row`
 */
export function parseResultCode(row: unknown, where: string): ResultCode {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw badRow(where, `is ${describe(row)}, not an object with obsCode and obsCodeDesc`);
  }
  const { obsCode, obsCodeDesc = null } = row as { obsCode?: unknown; obsCodeDesc?: unknown };
  if (typeof obsCode !== 'string' || obsCode === '') {
    throw badRow(where, `has ${describe(obsCode)} as obsCode, where non-empty text belongs`);
  }
  const length = characters(obsCode);
  if (length > longestCode) {
    throw badRow(where, `has an obsCode of ${length} characters; at most ${longestCode} are possible`);
  }
  refuseUnstorable(obsCode, where, () => 'obsCode');
  if (obsCodeDesc !== null) {
    if (typeof obsCodeDesc !== 'string') {
      throw badRow(where, `has ${describe(obsCodeDesc)} as obsCodeDesc, where text or null belongs`);
    }
    refuseUnstorable(obsCodeDesc, where, () => `obsCodeDesc of code ${quote(obsCode)}`);
  }
  return { obsCode, obsCodeDesc };
}

/** Whether a code has blanks around it, which the join of a report will probably miss. */
export function hasBlanksAround(obsCode: string): boolean {
  return /^[\s\u200b]|[\s\u200b]$/u.test(obsCode);
}

/** As Postgres counts them: one for a surrogate pair. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** @param field names it for a message; asked for only then, since every row comes through here */
function refuseUnstorable(text: string, where: string, field: () => string): void {
  if (text.includes('\0')) throw badRow(where, `has a NUL character in its ${field()}`);
  if (!text.isWellFormed())
    throw badRow(where, `has half a surrogate pair in its ${field()}, which is not valid Unicode`);
}

function badRow(where: string, problem: string): VdnError {
  return new VdnError('bad-row', `${where} ${problem}. Have the entry corrected at the source.`);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || value === '') return value === null ? 'null' : 'empty text';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
