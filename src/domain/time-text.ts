/** An instant as people read it, in UTC and to the second. */
export function formatInstant(instant: Date | null): string {
  return instant === null ? '—' : `${instant.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A span of time in its two largest units, e.g. `1 d 3 h`. */
export function formatSpan(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  const largest = units.findIndex(([, length]) => ms >= length);
  if (largest === -1) return `${Math.round(ms)} ms`;
  let rest = ms;
  const parts = units.slice(largest, largest + 2).map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return { unit, count };
  });
  return parts
    .filter(({ count }, index) => index === 0 || count > 0)
    .map(({ unit, count }) => `${count} ${unit}`)
    .join(' ');
}
