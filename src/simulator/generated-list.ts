import { composedTexts, type Locale, locales, type Texts } from './descriptions.ts';

/** One entry of a VDN's list. A text that is not given per locale is the same in every locale. */
export interface ListedCode {
  readonly obsCode: string;
  readonly obsCodeDesc: string | null | Texts;
}

/** One entry as it goes over the wire in one locale. */
export interface ObsCodeRow {
  readonly obsCode: string;
  readonly obsCodeDesc: string | null;
}

/** A change of a share of all generated codes, worked out when a row is asked for. */
export interface Rewrite {
  /** Shown in the changed text, so that two rewrites of one code differ. */
  readonly number: number;
  readonly share: number;
  readonly firstVdn: number;
  readonly lastVdn: number;
}

/** The sample of the interface document, in its order. */
const vendorSample: readonly (readonly [obsCode: string, texts: Texts])[] = [
  ['00605', { en_US: 'The switch is busy.', zh_CN: '交换机忙。' }],
  ['00604', { en_US: 'The call is rejected.', zh_CN: '呼叫被拒绝。' }],
  ['00603', { en_US: 'The called party does not answer the call.', zh_CN: '被叫用户无应答。' }],
  ['00602', { en_US: 'No resource available on the ACD.', zh_CN: 'ACD无可用资源。' }],
  ['00606', { en_US: 'The ACD times out.', zh_CN: 'ACD超时。' }],
];
const firstComposedCode = 607;
/** Codes have five digits. */
export const mostCodes = vendorSample.length + 99_999 - firstComposedCode - 25;

/** One generated code in so many has a description of its VDN's own. */
const ownTextEvery = 40;

const rowJsonCache: Record<Locale, string[]> = { zh_CN: [], en_US: [] };

/** The entry at `position` (from 0) of the list of `vdnId`, both texts. Costs no memory. */
export function generatedCode(vdnId: number, position: number, rewrites: readonly Rewrite[]): ListedCode {
  const [obsCode, texts] = baseCode(position);
  const note = noteOn(vdnId, position, rewrites);
  return { obsCode, obsCodeDesc: note === undefined ? texts : annotated(texts, note) };
}

/** The same entry as JSON in one locale; rows that all VDNs share are made once. */
export function generatedRowJson(
  vdnId: number,
  position: number,
  locale: Locale,
  rewrites: readonly Rewrite[],
): string {
  if (noteOn(vdnId, position, rewrites) !== undefined) {
    return rowJson(generatedCode(vdnId, position, rewrites), locale);
  }
  const cache = rowJsonCache[locale];
  while (cache.length <= position) cache.push(rowJson(generatedCode(0, cache.length, []), locale));
  return cache[position] ?? '';
}

export function rowJson(code: ListedCode, locale: Locale): string {
  const row = rowOf(code, locale);
  return JSON.stringify({ obsCodeDesc: row.obsCodeDesc, obsCode: row.obsCode });
}

export function rowOf({ obsCode, obsCodeDesc }: ListedCode, locale: Locale): ObsCodeRow {
  const text = typeof obsCodeDesc === 'string' || obsCodeDesc === null ? obsCodeDesc : obsCodeDesc[locale];
  return { obsCode, obsCodeDesc: text };
}

/** Whether `rewrite` changes the code at `position` of `vdnId`. */
export function rewrites(rewrite: Rewrite, vdnId: number, position: number): boolean {
  if (vdnId < rewrite.firstVdn || vdnId > rewrite.lastVdn) return false;
  return scatter(vdnId, position, rewrite.number) < rewrite.share * 2 ** 32;
}

/** `code` as a rewrite with this number leaves it. */
export function rewritten(code: ListedCode, number: number): ListedCode {
  const { obsCode, obsCodeDesc } = code;
  const texts =
    typeof obsCodeDesc === 'string' || obsCodeDesc === null
      ? { en_US: obsCodeDesc ?? '', zh_CN: obsCodeDesc ?? '' }
      : obsCodeDesc;
  return { obsCode, obsCodeDesc: annotated(texts, revisionNote(number)) };
}

function baseCode(position: number): readonly [obsCode: string, texts: Texts] {
  const sample = vendorSample[position];
  if (sample !== undefined) return sample;
  const index = position - vendorSample.length;
  // The order within each 25 is a permutation (7 and 25 share no factor): like the vendor's, not sorted.
  const number = Math.floor(index / 25) * 25 + ((index * 7 + 3) % 25);
  return [String(firstComposedCode + number).padStart(5, '0'), composedTexts(number)];
}

function noteOn(vdnId: number, position: number, all: readonly Rewrite[]): Texts | undefined {
  for (let index = all.length - 1; index >= 0; index -= 1) {
    const rewrite = all[index];
    if (rewrite !== undefined && rewrites(rewrite, vdnId, position)) return revisionNote(rewrite.number);
  }
  // VDN 0 does not exist: it stands for what all VDNs share.
  if (vdnId === 0 || position < vendorSample.length || scatter(vdnId, position, 0) % ownTextEvery !== 0) {
    return undefined;
  }
  const route = 1 + (vdnId % 9);
  return { en_US: ` (route ${route})`, zh_CN: `（路由${route}）` };
}

function revisionNote(number: number): Texts {
  return { en_US: ` (revision ${number})`, zh_CN: `（修订${number}）` };
}

function annotated(texts: Texts, note: Texts): Texts {
  const [zh, en] = locales.map((locale) => texts[locale].replace(/([.。]?)$/, `${note[locale]}$1`));
  return { zh_CN: zh ?? '', en_US: en ?? '' };
}

/** A number below 2^32 that looks random but is always the same for the same three integers. */
function scatter(a: number, b: number, c: number): number {
  let mixed = Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b) ^ Math.imul(c + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
