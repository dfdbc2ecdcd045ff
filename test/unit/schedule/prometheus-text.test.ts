import { expect, test } from 'vitest';
import { parsePrometheusText, seriesValue } from '../../support/prometheus-text.ts';

const histogram = (lines: string) => `# HELP h H.\n# TYPE h histogram\n${lines}`;

test('the test parser reads what is well formed', () => {
  const families = parsePrometheusText(
    '# HELP a A.\n# TYPE a gauge\na{x="q\\"\\\\\\n,}"} 1.5e3\na -1\n\n' +
      histogram('h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n'),
  );
  expect(seriesValue(families, 'a', { x: 'q"\\\n,}' })).toBe(1500);
  expect(seriesValue(families, 'a')).toBe(-1);
  expect(seriesValue(families, 'h_count')).toBe(2);
  expect(seriesValue(families, 'b')).toBeUndefined();
});

test.each([
  ['no end of line', '# HELP a A.\n# TYPE a gauge\na 1'],
  ['no TYPE', '# HELP a A.\na 1\n'],
  ['no HELP', '# TYPE a gauge\na 1\n'],
  ['another name', '# HELP a A.\n# TYPE a gauge\nb 1\n'],
  ['an unknown type', '# HELP a A.\n# TYPE a meter\na 1\n'],
  ['a metric in two places', '# HELP a A.\n# TYPE a gauge\na 1\n# HELP a A.\n# TYPE a gauge\na{x="1"} 1\n'],
  ['a series twice', '# HELP a A.\n# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 1\n'],
  ['a label twice', '# HELP a A.\n# TYPE a gauge\na{x="1",x="2"} 1\n'],
  ['a quote that is not escaped', '# HELP a A.\n# TYPE a gauge\na{x="""} 1\n'],
  ['no value', '# HELP a A.\n# TYPE a gauge\na undefined\n'],
  ['an empty name of a label', '# HELP a A.\n# TYPE a gauge\na{="1"} 1\n'],
  ['buckets that fall', histogram('h_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n')],
  ['no last bucket', histogram('h_bucket{le="1"} 2\nh_sum 3\nh_count 2\n')],
  ['a count that differs', histogram('h_bucket{le="+Inf"} 2\nh_sum 3\nh_count 1\n')],
])('the test parser refuses %s', (_, text) => {
  expect(() => parsePrometheusText(text)).toThrow();
});
