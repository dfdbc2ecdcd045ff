import { z } from 'zod';
import { answerFaults } from './answer-faults.ts';
import { type ShortForm, shape } from './fault-kind.ts';
import { listFaults } from './list-faults.ts';
import { mustBeVdn } from './lists.ts';

/** Every way to misbehave. */
const faults = {
  ...answerFaults,
  ...listFaults,
  /** The answer comes later; goes together with any other fault. */
  delay: { shape: shape('delay', { ms: z.number().nonnegative() }), short: ['ms', Number] as ShortForm },
};

type FaultKind = keyof typeof faults;
/** A fault with its defaults filled in. */
export type ParsedFault = { [P in FaultKind]: z.output<(typeof faults)[P]['shape']> }[FaultKind];
/** A fault as it is asked for. */
export type Fault = { [P in FaultKind]: z.input<(typeof faults)[P]['shape']> }[FaultKind];

const [first, ...others] = Object.values(faults).map(({ shape }) => shape);
if (!first) throw new Error('there are no faults');
export const faultSchema = z.discriminatedUnion('kind', [first, ...others]);

/** A fault as a command line gives it: `VDN=KIND`, `VDN=KIND:VALUE` or `VDN={"kind":…}`; `all` for every VDN. */
export interface FaultArgument {
  readonly vdnId: number | 'all';
  readonly fault: Fault;
}

/** The short forms, for a help text. */
export function faultForms(): string {
  return Object.entries<{ readonly short?: ShortForm }>(faults)
    .map(([kind, { short }]) => (short ? `${kind}:<${short[0]}>` : kind))
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

function parseFault(form: string): ParsedFault {
  const parsed = faultSchema.safeParse(form.startsWith('{') ? asJson(form, JSON.parse) : readShortForm(form));
  if (parsed.success) return parsed.data;
  throw new RangeError(z.prettifyError(parsed.error));
}

function readShortForm(form: string): unknown {
  const [, kind = '', value] = /^([^:]*)(?::(.*))?$/s.exec(form) ?? [];
  if (!isFaultKind(kind)) throw new RangeError(`${kind} is no fault; there are ${faultForms()}`);
  if (value === undefined) return { kind };
  const { short }: { readonly short?: ShortForm } = faults[kind];
  if (short === undefined) throw new RangeError(`${kind} takes no value`);
  const [field, read] = short;
  return { kind, [field]: asJson(value, read) };
}

function isFaultKind(kind: string): kind is FaultKind {
  return Object.hasOwn(faults, kind);
}

function asJson(text: string, read: (text: string) => unknown): unknown {
  try {
    return read(text);
  } catch (cause) {
    throw new RangeError(`not valid JSON: ${text}`, { cause });
  }
}
