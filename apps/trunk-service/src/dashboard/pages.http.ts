import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Express, Request, Response } from 'express';

/** What `npm run build` makes of apps/dashboard. */
const BUILT = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
/** The name holds a hash of the content. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const NONCE = /__NONCE__/g;

/** The styles that the component library adds itself carry the nonce; nothing comes from another host. */
const policy = (nonce: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');

interface Asset {
  type: string;
  plain: Buffer;
  brotli: Buffer;
}
interface Pages {
  index: string;
  assets: ReadonlyMap<string, Asset>;
}

/** The dashboard under `/app`, from memory: every path that is no file is a view of its own. */
export function servePages(server: Express, folder = BUILT): void {
  let pages: Pages | undefined;
  const read = () => (pages ??= readPages(folder));
  server.get('/app/assets/:name', (request: Request<{ name: string }>, response) => {
    const asset = read()?.assets.get(request.params.name);
    if (asset === undefined) {
      response
        .status(404)
        .type('text/plain')
        .send('There is no such file. Reload the page: the dashboard was updated.');
      return;
    }
    sendAsset(request, response, asset);
  });
  server.get(['/app', '/app/*view'], (_request, response) => {
    const built = read();
    if (built === undefined) {
      response.status(503).type('text/plain').send('The dashboard is not built. Run: npm run build');
      return;
    }
    const nonce = randomBytes(16).toString('base64');
    response
      .set({
        'Cache-Control': 'no-cache',
        'Content-Security-Policy': policy(nonce),
        'Cross-Origin-Opener-Policy': 'same-origin',
      })
      .type('html')
      .send(built.index.replace(NONCE, nonce));
  });
}

function sendAsset(request: Request, response: Response, { type, plain, brotli }: Asset): void {
  response.set({ 'Cache-Control': FOR_EVER, 'Content-Type': type, Vary: 'Accept-Encoding' });
  if (request.acceptsEncodings('br') === 'br') response.set('Content-Encoding', 'br').send(brotli);
  else response.send(plain);
}

/** Undefined where the dashboard is not built. */
function readPages(folder: string): Pages | undefined {
  try {
    const index = readFileSync(join(folder, 'index.html'), 'utf8');
    const assets = readdirSync(join(folder, 'assets')).map((name) => [name, readAsset(folder, name)] as const);
    return { index, assets: new Map(assets) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readAsset(folder: string, name: string): Asset {
  const plain = readFileSync(join(folder, 'assets', name));
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
  return { type: TYPES[extname(name)] ?? 'application/octet-stream', plain, brotli };
}
