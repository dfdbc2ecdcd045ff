import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';

/** The configuration file's own shape; what a source leaves out of its keys and name is filled in. */
export interface TestConfiguration {
  database: { url: string; schema?: string };
  sources: TestSource[];
  [section: string]: unknown;
}

export interface TestSource {
  name?: string;
  baseUrl: string;
  vdns: (number | string)[];
  [setting: string]: unknown;
}

/** The keys that `writeConfig` fills in, besides a short outage; start the simulator with them. */
export const testKeys = { accessKey: 'test-access-key', secretKey: 'test-secret-key' } as const;

/** Writes `obs-code-sync.yaml` into the directory and gives its path. */
export async function writeConfig(directory: string, configuration: TestConfiguration): Promise<string> {
  const sources = configuration.sources.map((source) => ({
    name: 'test',
    ...testKeys,
    outage: '1s',
    ...source,
  }));
  const file = path.join(directory, 'obs-code-sync.yaml');
  await writeFile(file, stringify({ ...configuration, sources }));
  return file;
}
