import pino from 'pino';
import { expect, test } from 'vitest';
import { createNotifier, newsText } from '../../../src/commands/notification.ts';
import { FatalError } from '../../../src/errors.ts';
import { startReceiver } from '../../support/receiver.ts';

const invocation = { program: 'obs-code-sync', options: ' --config /etc/obs.yaml' };

test('a receiver that does not answer is waited for once, and not for long', async () => {
  const { url, messages } = await startReceiver(null);
  const warnings: string[] = [];
  const logger = pino({ base: null }, { write: (line) => void warnings.push(JSON.parse(line).msg) });
  const notifier = createNotifier({
    ...{ notify: { url }, sources: ['prod'], invocation, logger, timeoutMs: 150 },
  });
  const refused = new FatalError('database-unusable', 'The schema is behind: run migrate.');
  const telling = notifier.telling(
    () => Promise.reject(refused),
    () => Promise.reject(refused),
  );
  await expect(telling).rejects.toBe(refused);
  expect(messages).toHaveLength(1);
  expect(warnings).toEqual(['notify.url was not told of this run: no answer within 0.15 s']);
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
