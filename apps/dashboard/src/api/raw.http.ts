import { organizationOfPath } from './organization.js';
import { signedOut } from './client.http.js';
import { currentSession } from './session-end.js';

/** The header that names the organisation of the view. */
export function organizationHeader(): Record<string, string> {
  const organization = organizationOfPath(location.pathname);
  return organization === undefined ? {} : { 'X-Organization-Id': organization };
}

/**
 * Sends or receives a file instead of JSON.
 *
 * @throws the problem that the API answered with
 */
export async function exchange(path: string, init: RequestInit): Promise<Response> {
  const headers = { ...organizationHeader(), ...(init.headers as Record<string, string> | undefined) };
  const session = currentSession();
  const response = await fetch(path, { ...init, headers });
  if (response.ok) return response;
  if (response.status === 401) signedOut(session);
  throw await response.json();
}

/** A path with those parameters that are not empty. */
export function pathWith(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter(
    (each): each is [string, string] => each[1] !== undefined && each[1] !== '',
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

/** Saves what the API answers. A file that breaks off is not saved, so nobody takes a part for the whole. */
export async function download(path: string, accept: string, name: string): Promise<void> {
  const response = await exchange(path, { headers: { Accept: accept } });
  const url = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
