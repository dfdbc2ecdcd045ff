const whole = new Intl.NumberFormat('en');

/** `9,999`. */
export function count(number: number): string {
  // Ten thousand VDNs have small numbers each, and the formatter takes its time.
  return number < 1000 ? String(number) : whole.format(number);
}

/** `9,999 VDNs`, `1 VDN`. */
export function countOf(number: number, one: string, several = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : several}`;
}
