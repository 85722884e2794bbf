import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { answered, connectApi, type Api } from './api.http.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function apiOf(answer: RequestListener): Promise<Api> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return connectApi({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'k' });
}
const body = { from_phone_number: '+15550100200', to_phone_number: '+15550100300' };
const place = (api: Api) => answered(api.POST('/api/v1/calls', { body }));
const list = (api: Api) => answered(api.GET('/api/v1/sip-trunks'));
const DOUBT = 'may or may not have been made';

describe('an API that does not answer', () => {
  it('may have made a change that was sent', async () => {
    const api = await apiOf(({ socket }) => socket.destroy());
    await expect(place(api)).rejects.toThrow(DOUBT);
    await expect(list(api)).rejects.not.toThrow(DOUBT);
    await expect(list(api)).rejects.toThrow('cannot be reached');
  });

  it('has made no change that was not sent', async () => {
    const api = await apiOf(() => undefined);
    server!.close();
    await once(server!, 'close');
    await expect(place(api)).rejects.not.toThrow(DOUBT);
    await expect(place(api)).rejects.toThrow('cannot be reached (ECONNREFUSED)');
  });
});

it('says that what answers is something else', async () => {
  const api = await apiOf((_request, response) => response.setHeader('Content-Type', 'text/html').end('<html></html>'));
  await expect(list(api)).rejects.toThrow('is not the API of TrunkMesh');
});
