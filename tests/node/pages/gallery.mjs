// Pages from fixtures, as `coldlight-ui`'s gallery wrote them: the same bytes every time, at a moment that is always the same.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };

/** Serves a folder; streams of events stay open and silent. Answers the address, and how to end it. */
export async function serve(folder) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname.endsWith('/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': nothing yet\n\n');
      return;
    }
    try {
      const bytes = await readFile(join(folder, normalize(decodeURIComponent(pathname))));
      response.writeHead(200, { 'content-type': `${TYPES[extname(pathname)] ?? 'application/octet-stream'}; charset=utf-8` }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
