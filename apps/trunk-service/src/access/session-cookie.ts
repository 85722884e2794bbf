/** The cookie of a signed-in browser. It holds a random token; the API key is in no cookie. */

/** `__Host-`: browsers take it over TLS only, for the whole host and no other (RFC 6265bis §4.1.3.2). */
const SECURE_NAME = '__Host-trunkmesh';
/** Over plain HTTP on the loopback, where the name above is not allowed. */
const LOOPBACK_NAME = 'trunkmesh';

const TOKEN = /^[\w-]{43}$/;

/** How a request reached the service. */
export interface Reached {
  protocol: string;
  hostname: string;
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/;

/** Whatever is neither TLS nor the loopback gets the secure cookie, which a browser keeps only where it is safe. */
const isPlainLoopback = ({ protocol, hostname }: Reached) => protocol === 'http' && LOOPBACK_HOST.test(hostname);

const nameFor = (reached: Reached) => (isPlainLoopback(reached) ? LOOPBACK_NAME : SECURE_NAME);

/** The value of a `Set-Cookie` header; `seconds` 0 deletes the cookie. */
export function sessionCookie(reached: Reached, token: string, seconds: number): string {
  const secure = isPlainLoopback(reached) ? '' : '; Secure';
  return `${nameFor(reached)}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

/** The token of the request's cookie; undefined where it has none of ours. */
export function sessionToken(reached: Reached, cookies: string | undefined): string | undefined {
  const prefix = `${nameFor(reached)}=`;
  const pair = (cookies ?? '')
    .split(';')
    .map((each) => each.trim())
    .find((each) => each.startsWith(prefix));
  const token = pair?.slice(prefix.length);
  return token !== undefined && TOKEN.test(token) ? token : undefined;
}

interface Provenance {
  method: string;
  /** `Sec-Fetch-Site`. */
  site: string | undefined;
  /** `Origin`. */
  origin: string | undefined;
  /** `Host`. */
  host: string | undefined;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * May the cookie count for this request? A browser sends it by itself, so a write must come from our own pages: the
 * browser says so in `Sec-Fetch-Site` (Fetch Metadata), an old one by `Origin`. Without either it does not count.
 */
export function isOwnPage({ method, site, origin, host }: Provenance): boolean {
  if (site !== undefined) return site === 'same-origin' || (READS.has(method) && site === 'none');
  if (READS.has(method)) return true;
  return origin !== undefined && host !== undefined && /^https?:\/\/(.*)$/.exec(origin)?.[1] === host;
}
