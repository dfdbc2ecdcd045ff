import { describe, expect, test } from 'vitest';
import { RetriableError } from '../../../src/errors.ts';
import { clockDifferenceMs, type Refusal, refusalError } from '../../../src/isales/http-errors.ts';

const now = new Date('2026-01-02T03:04:05.600Z');
const refusal = (status: number, headers: Refusal['headers'] = {}) => refusalError({ status, headers }, now);
const html = { 'content-type': 'text/html; charset=utf-8' };

describe('what a status means, and what to do', () => {
  test.each([
    [401, {}, 'unauthorized', /\(401\)\. Check accessKey and secretKey; `check` tries the other/],
    [403, {}, 'forbidden', /refuses this access key \(403\)/],
    [403, html, 'forbidden', /firewall page came back \(403, HTML\).*allow list/],
    [404, {}, 'http-status', /answered 404\. Check baseUrl/],
    [418, {}, 'http-status', /answered 418 with what looks like a page of a firewall/],
    [400, html, 'http-status', /answered 400 with what looks like a page of a firewall/],
    [204, {}, 'http-status', /answered 204\. Check baseUrl/],
    [301, {}, 'redirect', /answered 301 and points elsewhere.*Set baseUrl/],
    [304, {}, 'redirect', /answered 304/],
  ])('%i %j is %s and not tried again', (status, headers, code, message) => {
    const error = refusal(status, headers);
    expect(error).not.toBeInstanceOf(RetriableError);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  test.each<[number, string, RegExp, Refusal['headers']?]>([
    [502, 'http-status', /502 with what looks like a page of a/, html],
    [523, 'http-status', /Ask the operator of the web application firewall/],
    [408, 'http-status', /answered 408/],
    [425, 'http-status', /answered 425/],
    [429, 'rate-limited', /too many requests\. Lower concurrency or set requestsPerSecond/],
    [500, 'http-status', /answered 500\. Ask its operator if it does not pass/],
    [502, 'http-status', /answered 502/],
    [503, 'http-status', /answered 503/],
    [599, 'http-status', /answered 599/],
  ])('%i is %s and tried again', (status, code, message, headers = {}) => {
    const error = refusal(status, headers);
    expect(error).toBeInstanceOf(RetriableError);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });
});

describe('Retry-After', () => {
  test.each([
    ['2', 2000],
    ['0', 0],
    ['60', 60_000],
    ['Fri, 02 Jan 2026 03:04:35 GMT', 29_400],
    ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
    ['soon', undefined],
  ])('%s is a pause of %s ms', (retryAfter, retryAfterMs) => {
    for (const status of [429, 503]) {
      expect(refusal(status, { 'retry-after': retryAfter })).toMatchObject({ retryAfterMs });
    }
  });

  test.each(['61', '3600', 'Fri, 02 Jan 2026 03:09:05 GMT'])(
    '%s is longer than a run waits',
    (retryAfter) => {
      for (const status of [429, 503]) {
        const error = refusal(status, { 'retry-after': retryAfter });
        expect(error).not.toBeInstanceOf(RetriableError);
        expect(error.code).toBe('rate-limited');
        expect(error.message).toMatch(/wants no request for \d+ s, which is longer than a run waits/);
      }
    },
  );

  test('as a date is one of the clock that the server shows', () => {
    const headers = { date: 'Fri, 02 Jan 2026 03:08:00 GMT', 'retry-after': 'Fri, 02 Jan 2026 03:08:30 GMT' };
    expect(refusal(429, headers)).toMatchObject({ retryAfterMs: 30_000 });
  });

  test('does not make a 401 anything else', () => {
    expect(refusal(401, { 'retry-after': '3600' }).code).toBe('unauthorized');
  });
});

describe('a 401 from a server whose clock is another', () => {
  test.each([
    ['Fri, 02 Jan 2026 03:14:05 GMT', /clock is 599 s ahead of this machine’s.*Correct the clock/],
    ['Fri, 02 Jan 2026 02:54:05 GMT', /clock is 601 s behind this machine’s/],
  ])('%s: says by how much', (date, message) => {
    expect(refusal(401, { date }).message).toMatch(message);
  });

  test('by less than a minute is a matter of the keys', () => {
    expect(refusal(401, { date: 'Fri, 02 Jan 2026 03:04:50 GMT' }).message).toMatch(/Check accessKey/);
  });

  test('the difference is known only where the server says its time', () => {
    expect(clockDifferenceMs({}, now)).toBeUndefined();
    expect(clockDifferenceMs({ date: 'yesterday' }, now)).toBeUndefined();
    expect(clockDifferenceMs({ date: 'Fri, 02 Jan 2026 03:04:06 GMT' }, now)).toBe(400);
  });
});
