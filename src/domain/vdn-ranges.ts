/** VDNs as an operator writes them, `1-120, 130`; of many ranges only the first few. */
export function vdnRanges(vdnIds: readonly number[], mostRanges = 5): string {
  const ranges: { first: number; last: number }[] = [];
  for (const vdnId of [...vdnIds].sort((a, b) => a - b)) {
    const current = ranges.at(-1);
    if (current?.last === vdnId - 1) current.last = vdnId;
    else ranges.push({ first: vdnId, last: vdnId });
  }
  const shown = ranges
    .slice(0, mostRanges)
    .map(({ first, last }) => (first === last ? first : `${first}-${last}`));
  const hidden = ranges.slice(mostRanges).reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return hidden === 0 ? shown.join(', ') : `${shown.join(', ')} and ${hidden} more`;
}
