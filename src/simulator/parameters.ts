import { firstVdn, lastVdn } from './lists.ts';

/** A failure inside a 200: a code of the interface's catalogue and what is wrong, in words. */
export interface Failure {
  readonly resultCode: string;
  readonly resultDesc: string;
}

export interface PageParameters {
  readonly vdnId: number;
  readonly pageNum: number;
  readonly pageSize: number;
}

export const largestPageSize = 50;
const mandatoryContentType = 'application/json;charset=utf-8';

/** Which code of the catalogue stands for which mistake, and why that one. */
const mistakes = {
  /** "empty parameter": missing is taken as empty, nothing else in the catalogue is nearer. */
  empty: '02000001',
  /** "wrong parameter type": an integer is wanted and this is none. */
  notAnInteger: '02000006',
  /** "wrong parameter value": right type, outside its range; also another Content-Type than the fixed one. */
  outsideRange: '02000007',
  /** "more parameters than allowed": one came twice. */
  repeated: '02000011',
} as const;

type Checked = { readonly value: number } | { readonly failure: Failure };

/** Checks what the interface makes mandatory; the first mistake counts. */
export function checkParameters(
  vdnId: string,
  query: URLSearchParams,
  contentType: string | undefined,
): PageParameters | Failure {
  const headerFailure = checkContentType(contentType);
  if (headerFailure !== undefined) return headerFailure;
  const vdn = integer('vdnId', [vdnId], firstVdn, lastVdn);
  if ('failure' in vdn) return vdn.failure;
  const pageNum = integer('pageNum', query.getAll('pageNum'), 1, Number.MAX_SAFE_INTEGER);
  if ('failure' in pageNum) return pageNum.failure;
  const pageSize = integer('pageSize', query.getAll('pageSize'), 1, largestPageSize);
  if ('failure' in pageSize) return pageSize.failure;
  return { vdnId: vdn.value, pageNum: pageNum.value, pageSize: pageSize.value };
}

function checkContentType(contentType: string | undefined): Failure | undefined {
  if (contentType === undefined || contentType === '') return failure('empty', 'Content-Type is missing');
  const plain = contentType.replaceAll(' ', '').toLowerCase();
  if (plain === mandatoryContentType) return undefined;
  return failure('outsideRange', 'Content-Type must be application/json; charset=UTF-8');
}

function integer(name: string, values: readonly string[], from: number, to: number): Checked {
  const [text = ''] = values;
  if (values.length > 1) return { failure: failure('repeated', `${name} came ${values.length} times`) };
  if (text === '') return { failure: failure('empty', `${name} is empty`) };
  if (!/^-?\d+$/.test(text)) return { failure: failure('notAnInteger', `${name} is not an integer`) };
  const value = Number(text);
  if (value >= from && value <= to) return { value };
  return { failure: failure('outsideRange', `${name} must be from ${from} to ${to}`) };
}

function failure(mistake: keyof typeof mistakes, resultDesc: string): Failure {
  return { resultCode: mistakes[mistake], resultDesc };
}
