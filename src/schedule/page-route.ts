import type { Logger } from 'pino';
import { answerWithPage } from '../page/answer.ts';
import { pageHeaders } from '../page/document.ts';
import type { PageReport, PageSettings } from '../page/report.ts';
import { inTime, shared } from './deadline.ts';
import type { Routes } from './server.ts';

/** The status page; with 503 where the database does not answer in time, and then the reason is in the log. */
export function pageRoute(
  read: () => Promise<PageReport>,
  settings: Pick<PageSettings, 'invocation' | 'timezone'>,
  logger: Logger,
): Routes {
  const report = shared(read);
  return {
    '/': async () => {
      const { page, failure } = await answerWithPage(() => inTime(report()), settings);
      if (failure !== undefined) {
        logger.warn({ errorCode: failure.code }, `the status page has nothing to show: ${failure.message}`);
      }
      return { status: failure === undefined ? 200 : 503, headers: pageHeaders, body: page };
    },
  };
}
