import type { Page } from '../../src/domain/complete-snapshot.ts';
import { type ParseOptions, parsePage } from '../../src/isales/response.ts';

/** Parses the bytes of a first page, or of another one, with nothing to hide. */
export function parsePageOf(body: Uint8Array, options: Partial<ParseOptions> = {}): Page {
  return parsePage(body, {
    pageNum: 1,
    behind: false,
    hide: (words) => words,
    onUnknownField: () => {},
    ...options,
  });
}
