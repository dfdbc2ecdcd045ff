import type { Simulator } from '../simulator/index.ts';

export const demoSource = 'demo';
export const demoVdns = [1, 2, 3] as const;

const revision = / \(revised (\d+)\)$/;

/**
 * A day at the source: VDN 1 gets a code, VDN 2 loses one, VDNs 1 and 3 have a description rewritten. Done again on
 * what it left, it makes four changes of the same kinds again.
 */
export function demoEdits(simulator: Simulator): void {
  const [one, two, three] = demoVdns;
  simulator.vdn(one).add(unusedCode(simulator), 'The called party asked to be called back.');
  const last = simulator.vdn(two).list('en_US').at(-1);
  if (last) simulator.vdn(two).remove(last.obsCode);
  revise(simulator, one, '00605');
  revise(simulator, three, '00603');
}

function revise(simulator: Simulator, vdnId: number, obsCode: string): void {
  const vdn = simulator.vdn(vdnId);
  const text = String(vdn.list('en_US').find((code) => code.obsCode === obsCode)?.obsCodeDesc ?? '');
  const [, number = '0'] = revision.exec(text) ?? [];
  vdn.change(obsCode, `${text.replace(revision, '')} (revised ${Number(number) + 1})`);
}

/** A code that VDN 1 never had: above all others. */
function unusedCode(simulator: Simulator): string {
  const numbers = simulator
    .vdn(demoVdns[0])
    .list('en_US')
    .map(({ obsCode }) => Number(obsCode));
  return String(Math.max(...numbers) + 1).padStart(5, '0');
}
