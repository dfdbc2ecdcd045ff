import { z } from 'zod';
import {
  type Fault,
  type FaultKind,
  type FaultOf,
  faultSchema,
  faultShapes,
  isFaultKind,
} from './fault-shapes.ts';
import { mustBeVdn } from './lists.ts';

/** A fault as a command line gives it: `VDN=KIND`, `VDN=KIND:VALUE` or `VDN={"kind":…}`; `all` for every VDN. */
export interface FaultArgument {
  readonly vdnId: number | 'all';
  readonly fault: Fault;
}

type MainField = readonly [name: string, read: (text: string) => unknown];

/** The field that the one value of the short form is for. */
const mainFields: Partial<Record<FaultKind, MainField>> = {
  status: ['status', Number],
  firewall: ['status', Number],
  failure: ['resultCode', String],
  trickle: ['bytesPerSecond', Number],
  cut: ['afterBytes', Number],
  oversized: ['bytes', Number],
  redirect: ['location', String],
  body: ['body', String],
  delay: ['ms', Number],
  shift: ['by', Number],
  total: ['total', readJson],
  clamp: ['pageSize', Number],
  'short-page': ['missing', Number],
  'repeat-entries': ['count', Number],
};

/** The short forms, one a line, for a help text. */
export function faultForms(): string {
  return Object.keys(faultShapes)
    .filter(isFaultKind)
    .map((kind) => {
      const field = mainFields[kind]?.[0];
      return field === undefined ? kind : `${kind}:<${field}>`;
    })
    .join(', ');
}

/** @throws RangeError in words for the person who typed it. */
export function parseFaultArgument(argument: string): FaultArgument {
  const [, vdn = '', form = ''] = /^(all|\d+)=(.+)$/s.exec(argument) ?? [];
  if (form === '') throw new RangeError('expected VDN=KIND, VDN=KIND:VALUE or VDN={"kind":…}');
  const vdnId = vdn === 'all' ? vdn : Number(vdn);
  if (typeof vdnId === 'number') mustBeVdn(vdnId);
  return { vdnId, fault: parseFault(form) };
}

function parseFault(form: string): FaultOf<FaultKind> {
  const parsed = faultSchema.safeParse(form.startsWith('{') ? readJson(form) : readShortForm(form));
  if (parsed.success) return parsed.data;
  throw new RangeError(z.prettifyError(parsed.error));
}

function readShortForm(form: string): unknown {
  const [, kind = '', value] = /^([^:]*)(?::(.*))?$/s.exec(form) ?? [];
  if (!isFaultKind(kind)) throw new RangeError(`${kind} is no fault; there are ${faultForms()}`);
  if (value === undefined) return { kind };
  const field = mainFields[kind];
  if (field === undefined) throw new RangeError(`${kind} takes no value`);
  return { kind, [field[0]]: field[1](value) };
}

function readJson(form: string): unknown {
  try {
    return JSON.parse(form);
  } catch (cause) {
    throw new RangeError(`not valid JSON: ${form}`, { cause });
  }
}
