/** One line of a metric: its name, labels and value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All that belongs to one metric. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

/**
 * Reads the Prometheus text format as far as the program's metrics need it: that it is well formed prom-client sees to.
 *
 * @throws Error for a line that is none, and for a metric without HELP and TYPE before it
 */
export function parsePrometheusText(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  const form =
    /^# HELP (\S+) (.+)\n# TYPE \1 (\w+)$|^(\w+?)((?:_bucket|_sum|_count)?)(?:\{(.*)\})? (\S+)$|^(.+)$/gm;
  for (const [line, name, help = '', type = '', base = '', part, labels = '', value] of text.matchAll(form)) {
    if (name !== undefined) {
      families.set(name, { name, help, type, samples: [] });
      continue;
    }
    const family = families.get(base + part) ?? families.get(base);
    if (family === undefined || value === undefined) throw new Error(`no sample of a metric: ${line}`);
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]);
    const number = Number(value.replace('Inf', 'Infinity'));
    family.samples.push({ name: base + part, labels: Object.fromEntries(pairs), value: number });
  }
  return families;
}

/** The value of one series; undefined where there is none. */
export function seriesValue(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  return family?.samples.find(
    (sample) =>
      sample.name === name &&
      Object.keys(sample.labels).length === Object.keys(labels).length &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value;
}
