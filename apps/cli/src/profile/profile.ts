import { CommandFailure } from '../failure.js';

/** Where the API is, and who asks. */
export interface Profile {
  url: string;
  key: string;
  /** For a key that may act for several organisations. */
  organization?: string;
}

export type Profiles = Record<string, Profile>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The address of the API without a slash at its end. A key travels over https alone, except on this very machine.
 *
 * @throws CommandFailure
 */
export function apiUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
    throw new CommandFailure(`"${text}" is no address of an API; give one like https://mesh.example.com`, 2);
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw new CommandFailure(
      `${url.origin} would carry your API key unencrypted; give its https address, or tunnel it to 127.0.0.1`,
      2,
    );
  return url.href.replace(/\/+$/, '');
}

/** @throws CommandFailure where the text is no file of profiles */
export function parseProfiles(text: string, path: string): Profiles {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw new CommandFailure(`${path} is not JSON; mend it, or remove it and log in again`);
  }
  const isProfile = (value: unknown): value is Profile =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Profile).url === 'string' &&
    typeof (value as Profile).key === 'string';
  if (typeof read !== 'object' || read === null || !Object.values(read).every(isProfile))
    throw new CommandFailure(`${path} holds something else than profiles; remove it and log in again`);
  return read as Profiles;
}
