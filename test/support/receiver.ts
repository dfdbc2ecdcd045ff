import { createServer } from 'node:http';
import { listening } from './listening.ts';

export interface Message {
  readonly text: string;
  readonly summary: { readonly runId: number | null; readonly status: string };
}

export interface Receiver {
  /** Has a secret in its path. */
  readonly url: string;
  readonly messages: readonly Message[];
  /** Request lines, as a proxy sees them too. */
  readonly asked: readonly string[];
}

/** Answers with the status; null: never. */
export async function startReceiver(status: number | null = 204, location?: string): Promise<Receiver> {
  const messages: Message[] = [];
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    messages.push(JSON.parse(Buffer.concat(chunks).toString()));
    if (status !== null) response.writeHead(status, location === undefined ? {} : { location }).end();
  });
  const port = await listening(server);
  return { url: `http://127.0.0.1:${port}/hooks/Zq7secret?token=Zq7secret`, messages, asked };
}
