import pino from 'pino';
import { expect, test } from 'vitest';
import { createNotifier, newsText } from '../../../src/commands/notification.ts';
import { FatalError } from '../../../src/errors.ts';
import { startReceiver } from '../../support/receiver.ts';

const invocation = { program: 'obs-code-sync', options: ' --config /etc/obs.yaml' };

test('a receiver that does not answer is tried once, and not for long', async () => {
  const { url, messages } = await startReceiver(null);
  const warnings: string[] = [];
  const logger = pino({ base: null }, { write: (line) => void warnings.push(JSON.parse(line).msg) });
  const stop = new AbortController();
  const options = { notify: { url }, sources: ['prod'], invocation, logger, signal: stop.signal };
  const notifier = createNotifier({ ...options, timeoutMs: 150 });
  const refused = new FatalError('database-unusable', 'The schema is behind: run migrate.');
  const notifying = notifier.notifying(
    () => Promise.reject(refused),
    () => Promise.reject(refused),
  );
  await expect(notifying).rejects.toBe(refused);
  expect(messages).toHaveLength(1);
  expect(warnings).toEqual(['the notification of this run failed: no answer within 0.15 s']);

  const ending = createNotifier({ ...options, timeoutMs: 60_000, leftMs: 50 });
  const last = ending.notifying(
    () => Promise.reject(refused),
    () => Promise.reject(refused),
  );
  stop.abort();
  await expect(last).rejects.toBe(refused);
  expect(warnings[1]).toMatch(/no answer within 0.05 s after the program was told to stop$/);
});

test('a refusal is one notification a night, and another the next night', async () => {
  const { url, messages } = await startReceiver();
  const logger = pino({ level: 'silent' });
  const { signal } = new AbortController();
  const notifier = createNotifier({ notify: { url }, sources: ['prod'], invocation, logger, signal });
  const refused = new FatalError('database-unreachable', 'The database is away.');
  for (const repeated of [false, true, true, false]) {
    const notifying = notifier.notifying(
      () => Promise.reject(refused),
      () => Promise.reject(refused),
      repeated,
    );
    await expect(notifying).rejects.toBe(refused);
  }
  expect(messages).toHaveLength(2);
});

test('a night on which everything fails differently is a message that a chat takes', () => {
  const failing = Array.from({ length: 9999 }, (_, index) => ({
    source: 'prod',
    errorCode: 'timeout' as const,
    errorMessage: `${index} ${'x'.repeat(2000)}`,
    vdnIds: [index + 1],
  }));
  const text = newsText({ held: [], failing, over: [] }, invocation);
  expect(text.length).toBeLessThan(20_000);
  expect(text.split('\n').at(-1)).toBe('and 9979 more: `obs-code-sync status --config /etc/obs.yaml`');
});
