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
  readonly samples: readonly Sample[];
}

const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const nameForm = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleForm = /^([^\s{]+)(?:\{(.*)\})? (\S+)( -?\d+)?$/;
const labelForm = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
/** Prometheus reads values by Go's ParseFloat, to which "Nan", as prom-client writes it, is NaN. */
const valueForm = /^([+-]?Inf|nan|[+-]?\d+(\.\d+)?(e[+-]?\d+)?)$/i;

/** A metric whose samples are still coming in. */
type Growing = Family & { readonly samples: Sample[]; readonly series: Set<string> };

/**
 * Reads the Prometheus text format 0.0.4 more strictly than Prometheus: each metric with HELP and TYPE before its
 * samples and all in one place, no series twice, nothing left over.
 *
 * @throws Error that names the line
 */
export function parsePrometheusText(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended');
  const families = new Map<string, Family>();
  let current: Growing | undefined;
  let help = { name: '', text: '' };
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      help = { name, text: rest };
    } else if (keyword === 'TYPE') {
      if (families.has(name)) throw new Error(`a metric in two places: ${line}`);
      current = begin(line, name, rest, help);
      families.set(name, current);
    } else {
      add(line, current);
    }
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

function begin(line: string, name: string, type: string, help: { name: string; text: string }): Growing {
  if (help.name !== name || !nameForm.test(name) || !types.includes(type))
    throw new Error(`TYPE without its HELP, or of no known type: ${line}`);
  return { name, help: help.text, type, samples: [], series: new Set() };
}

function add(line: string, family: Growing | undefined): void {
  const sample = parseSample(line);
  if (family === undefined || !belongsTo(sample, family)) throw new Error(`outside its metric: ${line}`);
  const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
  if (family.series.has(key)) throw new Error(`a series twice: ${line}`);
  family.series.add(key);
  family.samples.push(sample);
}

function parseSample(line: string): Sample {
  const [, name = '', labels = '', value = ''] = sampleForm.exec(line) ?? [];
  if (!nameForm.test(name) || !valueForm.test(value)) throw new Error(`no sample: ${line}`);
  return { name, labels: parseLabels(labels, line), value: Number(value.replace('Inf', 'Infinity')) };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  labelForm.lastIndex = 0;
  let end = 0;
  for (let match = labelForm.exec(text); match !== null; match = labelForm.exec(text)) {
    const [, name = '', escaped = ''] = match;
    if (Object.hasOwn(labels, name)) throw new Error(`a label twice: ${line}`);
    labels[name] = escaped.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
    end = labelForm.lastIndex;
  }
  if (end !== text.length) throw new Error(`labels that cannot be read: ${line}`);
  return labels;
}

function belongsTo({ name, labels }: Sample, family: Family): boolean {
  if (family.type !== 'histogram') return name === family.name;
  if (name === `${family.name}_bucket`) return labels.le !== undefined;
  return name === `${family.name}_sum` || name === `${family.name}_count`;
}

/** Buckets only grow, and the last one has everything. */
function checkHistogram({ name, samples }: Family): void {
  const groups = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: undefined }));
  for (const [group, members] of groups) {
    const buckets = members.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels.le?.replace('Inf', 'Infinity')));
    const counts = buckets.map(({ value }) => value);
    const [total] = members.filter((sample) => sample.name === `${name}_count`);
    if (!isSorted(bounds) || !isSorted(counts) || bounds.at(-1) !== Number.POSITIVE_INFINITY)
      throw new Error(`buckets out of order: ${name} ${group}`);
    if (total === undefined || counts.at(-1) !== total.value || members.length !== buckets.length + 2)
      throw new Error(`a histogram that does not add up: ${name} ${group}`);
  }
}

const isSorted = (numbers: readonly number[]) =>
  numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? Number.NaN));

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
