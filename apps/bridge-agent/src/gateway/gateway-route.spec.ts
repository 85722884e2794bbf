import { describe, expect, it } from '@jest/globals';
import type { Target } from './gateway-address.js';
import {
  GONE_MS,
  MOVE_AGAIN_MS,
  routeAfterAnswer,
  routeAfterFailure,
  routeInFile,
  type Route,
} from './gateway-route.js';

const [a, b, c]: Target[] = [
  { address: '192.0.2.1', port: null },
  { address: '192.0.2.2', port: 5070 },
  { address: '2001:db8::3', port: null },
] as const;
const NOW = 10_000_000;
const at = (target: Target, more: Partial<Route> = {}): Route => ({
  target,
  goneSince: null,
  movedAt: -Infinity,
  ...more,
});

describe("a gateway's route", () => {
  it('begins with the first target, and with none where there is none', () => {
    expect(routeAfterAnswer(undefined, [b!, a!], NOW)).toEqual(at(b!));
    expect(routeAfterAnswer(undefined, [], NOW)).toBeUndefined();
  });

  it('stays while the name leads there, wherever in the order', () => {
    const route = at(b!);
    expect(routeAfterAnswer(route, [a!, b!], NOW)).toBe(route);
    expect(routeAfterAnswer(at(b!, { goneSince: 5 }), [a!, b!], NOW)).toEqual(at(b!));
  });

  it('is left some time after the name has left it', () => {
    const gone = routeAfterAnswer(at(b!), [a!], NOW)!;
    expect(gone).toEqual(at(b!, { goneSince: NOW }));
    expect(routeAfterAnswer(gone, [a!], NOW + GONE_MS - 1)).toBe(gone);
    expect(routeAfterAnswer(gone, [a!], NOW + GONE_MS)).toEqual(at(a!, { movedAt: NOW + GONE_MS }));
  });

  it('goes on to the next target after a failure, round and round, not more often than once a minute', () => {
    const second = routeAfterFailure(at(a!), [a!, b!, c!], NOW);
    expect(second).toEqual(at(b!, { movedAt: NOW }));
    expect(routeAfterFailure(second, [a!, b!, c!], NOW + MOVE_AGAIN_MS - 1)).toBe(second);
    expect(routeAfterFailure(second, [a!, b!, c!], NOW + MOVE_AGAIN_MS).target).toEqual(c);
    expect(routeAfterFailure(at(c!), [a!, b!, c!], NOW).target).toEqual(a);
  });

  it('goes at once where the name leads now, after a failure at an address that it has left', () => {
    expect(routeAfterFailure(at(b!, { goneSince: NOW - 1 }), [a!], NOW).target).toEqual(a);
  });

  it('stays where there is no other target', () => {
    const route = at(a!);
    expect(routeAfterFailure(route, [a!], NOW)).toBe(route);
    expect(routeAfterFailure(route, [], NOW)).toBe(route);
  });

  it("is read from the gateway's file, if the name leads there still", () => {
    const file = (uri: string) =>
      `<param name="proxy" value="sip.example.com"/>\n<param name="register-proxy" value="${uri}"/>`;
    expect(routeInFile(file('sip:192.0.2.1;transport=udp'), [b!, a!])?.target).toEqual(a);
    expect(routeInFile(file('sip:192.0.2.2:5070;transport=tcp'), [a!, b!])?.target).toEqual(b);
    expect(routeInFile(file('sip:[2001:db8::3]:5060;transport=udp'), [a!, c!])?.target).toEqual(c);
    const secure = (uri: string) => file(`${uri};transport=tls;maddr=192.0.2.2`);
    expect(routeInFile(secure('sip:sip.example.com:5070'), [a!, b!])?.target).toEqual(b);
    expect(routeInFile(file('sip:a.example.com;transport=tls;maddr=[2001:db8::3]'), [a!, c!])?.target).toEqual(c);
    expect(routeInFile(file('sip:192.0.2.9;transport=udp'), [a!, b!])).toBeUndefined();
    expect(routeInFile('<param name="proxy" value="sip.example.com"/>', [a!])).toBeUndefined();
    expect(routeInFile(undefined, [a!])).toBeUndefined();
  });
});
