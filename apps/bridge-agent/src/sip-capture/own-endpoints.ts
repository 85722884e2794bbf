import { endpoint } from './hep.js';

/** Where a profile sends from and listens, from `sofia xmlstatus profile NAME`; empty if it is not running. */
export function ownEndpoints(xml: string): ReadonlySet<string> {
  const value = (name: string) => new RegExp(`<${name}>([^<]{1,256})</${name}>`).exec(xml)?.[1];
  const address = value('sip-ip')?.replace(/^\[|\]$/g, '');
  if (address === undefined) return new Set();
  const ports = ['url', 'bind-url', 'tls-url', 'tls-bind-url'].flatMap((name) => {
    const port = /:(\d{1,5})(?:;|$)/.exec(value(name) ?? '')?.[1];
    return port === undefined ? [] : [Number(port)];
  });
  return new Set(ports.map((port) => endpoint(address, port)));
}
