import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Port 0 picks a free one. Rejects with the system's error when it cannot listen. */
export async function listenOn(server: Server, host: string, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server.address() as AddressInfo;
}

/** Ends at once, with the connections that are open. */
export async function closeAtOnce(server: Server): Promise<void> {
  const isClosed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await isClosed;
}
