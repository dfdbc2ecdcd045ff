import { once } from 'node:events';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

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
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const bound = server.address();
  const port = typeof bound === 'object' ? bound?.port : undefined;
  return { url: `http://127.0.0.1:${port}/hooks/Zq7secret?token=Zq7secret`, messages, asked };
}
