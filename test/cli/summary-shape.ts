import { z } from 'zod';
import { changeKinds } from '../../src/domain/diff.ts';
import { vdnErrorCodes } from '../../src/errors.ts';
import type { CommandResult } from '../support/command.ts';

const count = z.int().nonnegative();
const codes = z.strictObject({ added: count, changed: count, removed: count, returned: count });
const vdns = z.strictObject({
  ...{
    total: count,
    unchanged: count,
    changed: count,
    failed: count,
    held: count,
    skipped: count,
    fresh: count,
    unconfigured: count,
  },
});
const change = z.strictObject({
  kind: z.enum(changeKinds),
  obsCode: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
});
const place = { source: z.string(), vdnId: z.int().min(1).max(9999), requests: count };
const plan = z.string().regex(/^[0-9a-f]{16}$/);
const errorCode = z.enum(vdnErrorCodes);
const changes = z.array(change).optional();
const message = z.string().min(1);
const outcome = z.discriminatedUnion('outcome', [
  z.strictObject({ ...place, outcome: z.literal('changed'), codes, plan: plan.optional(), changes }),
  z.strictObject({ ...place, outcome: z.literal('held'), plan, reason: message, message, changes }),
  z.strictObject({ ...place, outcome: z.literal('failed'), errorCode, message }),
  z.strictObject({ ...place, outcome: z.literal('skipped'), errorCode, message }),
]);

/** The run summary as the design fixes it for other programs: these keys and no others. */
const summarySchema = z.strictObject({
  runId: z.int().positive().nullable(),
  status: z.enum(['succeeded', 'partial', 'failed', 'interrupted', 'refused']),
  exitCode: z.int(),
  error: z.strictObject({ code: z.string().min(1), message }).nullable(),
  shard: z.string().nullable(),
  dryRun: z.boolean(),
  vdns,
  codes,
  requests: count,
  durationMs: count,
  outcomes: z.array(outcome),
});

/**
 * The summary that a `sync --json` has printed, after everything about it was checked: nothing else is on stdout, its
 * shape, that it agrees with the exit code and that its counts add up.
 */
export function summaryOf(result: CommandResult): z.infer<typeof summarySchema> {
  const summary = summarySchema.parse(result.json());
  const { total, unconfigured: _, ...counts } = summary.vdns;
  if (summary.exitCode !== result.exitCode)
    throw new Error(`it ended with ${result.exitCode}, not as it says`);
  if (Object.values(counts).reduce((a, b) => a + b) !== total)
    throw new Error('the counts of VDNs do not add up');
  if (summary.outcomes.length !== counts.changed + counts.held + counts.failed + counts.skipped) {
    throw new Error('the outcomes are not those that were counted');
  }
  if (/^\s+at .*:\d+:\d+/m.test(result.stderr)) throw new Error(`a stack trace:\n${result.stderr}`);
  return summary;
}

/** A message as the database has it, where commands have neither the program's name nor its configuration. */
export function asStored(message = ''): string {
  return message.replaceAll(/`node \S+ (.*?) --config \S+?`/g, '`$1`');
}
