import { FatalError } from '../errors.ts';
import type { PageReport } from './report.ts';
import { renderStatusPage } from './status-page.ts';
import { renderUnavailablePage } from './unavailable-page.ts';

export interface PageAnswer {
  /** The whole document, also where there is no report. */
  readonly page: string;
  /** Why there is none; its message names the database, which the page does not. */
  readonly failure: FatalError | undefined;
}

/** The page, whatever becomes of the database: one that was written earlier would go on saying that all is well. */
export async function answerWithPage(read: () => Promise<PageReport>, program: string): Promise<PageAnswer> {
  try {
    return { page: renderStatusPage(await read()), failure: undefined };
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return { page: renderUnavailablePage(error.code, program, new Date()), failure: error };
  }
}
