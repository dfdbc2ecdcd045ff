import { z } from 'zod';
import { type AskOptions, ask } from './signed-request.ts';

const pageSchema = z.object({
  obsCodes: z.array(z.object({ obsCode: z.string(), obsCodeDesc: z.string().nullable() })),
  returnCode: z.string(),
  resultCode: z.string(),
  resultDesc: z.string(),
  totalCount: z.number(),
  returnDesc: z.string(),
});

export type Page = z.infer<typeof pageSchema>;

/** A page that must be there. */
export async function askPage(baseUrl: string, vdnId: number, options: AskOptions = {}): Promise<Page> {
  const { status, body } = await ask(baseUrl, vdnId, options);
  if (status !== 200) throw new Error(`status ${status}: ${body}`);
  return pageSchema.parse(JSON.parse(body));
}

/** The codes of a page, in order. */
export async function askCodes(baseUrl: string, vdnId: number, options: AskOptions = {}): Promise<string[]> {
  const { obsCodes } = await askPage(baseUrl, vdnId, options);
  return obsCodes.map(({ obsCode }) => obsCode);
}
