import { CANNOT_ANSWER, type Answer } from './carrier.js';
import type { Element } from './xml.js';
import { parameters } from './xml.js';

/** One gateway and its life, stepped once a second as FreeSWITCH's own worker does. Pure: times come in. */
export interface GatewaySettings {
  name: string;
  username: string;
  authUsername: string;
  password: string;
  realm: string;
  /** `sip:host:port` */
  proxy: string;
  /** Where REGISTER and OPTIONS go; the name in the proxy is not looked up then. */
  registerProxy: string;
  fromUser: string;
  fromDomain: string;
  extension: string;
  context: string;
  transport: string;
  register: boolean;
  expires: number;
  retrySeconds: number;
  ping: number;
}

export interface GatewayEvent {
  state: string;
  up: boolean;
  network?: { address: string; port: number };
  phrase?: string;
  status?: number;
}

/** FreeSWITCH's answer to a gateway element that it would ignore: with a log line only. */
export function readGateway(element: Element): { settings: GatewaySettings } | { ignored: string } {
  const name = element.attributes['name'] ?? '';
  const given = parameters(element);
  const text = (key: string, fallback: string) =>
    given[key] === undefined || given[key] === '' ? fallback : given[key];
  if (!/^[\w.-]+$/.test(name)) return { ignored: `Ignoring invalid name '${name}'` };
  const register = text('register', 'true') === 'true';
  if (register && (text('username', '') === '' || text('password', '') === ''))
    return { ignored: `ERROR: ${text('username', '') === '' ? 'username' : 'password'} param is REQUIRED!` };
  const username = text('username', 'FreeSWITCH');
  const realm = text('realm', text('proxy', name));
  const proxy = text('proxy', realm).replace(/^sips?:/, '');
  const seconds = (key: string, fallback: number, least: number) =>
    Number(given[key] ?? fallback) < least ? fallback : Number(given[key] ?? fallback);
  return {
    settings: {
      registerProxy: text('register-proxy', `sip:${proxy}`),
      name,
      username,
      realm,
      register,
      password: text('password', ''),
      authUsername: text('auth-username', username),
      proxy: `sip:${proxy}`,
      fromUser: text('from-user', username),
      fromDomain: text('from-domain', proxy),
      extension: text('extension', username),
      context: text('context', 'public'),
      transport: text('register-transport', 'udp'),
      expires: seconds('expire-seconds', 3600, 5),
      retrySeconds: seconds('retry-seconds', 30, 5),
      ping: seconds('ping', 0, 5),
    },
  };
}

export class Gateway {
  state: string;
  up: boolean;
  deleted = false;
  network: { address: string; port: number } | undefined;
  callsIn = 0;
  callsOut = 0;
  private passesSinceKill = 0;
  private failures = 0;
  private triedBefore = false;
  private due = 0;
  private upSince: number;
  private pingDue: number;
  private failed: Answer | undefined;
  private handleSpent = false;

  constructor(
    readonly settings: GatewaySettings,
    now: number,
  ) {
    this.state = settings.register ? 'UNREGED' : 'NOREG';
    this.up = !settings.register;
    this.upSince = now;
    this.pingDue = now + settings.ping * 1000;
  }

  /** What a REGISTER gets without being sent. */
  get unsentAnswer(): Answer | undefined {
    return this.handleSpent ? CANNOT_ANSWER : undefined;
  }

  /** For how long it has been usable, milliseconds. */
  upFor(now: number): number {
    return this.up ? now - this.upSince : 0;
  }

  /** Seconds until the next attempt, as `sofia status` shows them. */
  retryIn(now: number): number {
    return Math.max(0, Math.round((this.due - now) / 1000));
  }

  /**
   * One that is registered says DOWN before it goes; one that never registers keeps its state to the end and goes
   * without a word.
   */
  kill(): void {
    this.deleted = true;
    if (this.settings.register) this.state = 'UNREGISTER';
  }

  /** Asked to register now: at the worker's next pass. */
  registerNow(): void {
    this.state = 'UNREGED';
    this.due = 0;
  }

  /** One pass of the worker. `register` asks for a REGISTER to be sent; its answer comes in by `answered`. */
  tick(now: number, pings: boolean): { events: GatewayEvent[]; register?: true; removed?: true } {
    if (this.deleted) return this.remove();
    switch (this.state) {
      case 'UNREGED':
        return this.tryNow();
      case 'REGISTER':
        return { events: [this.registered(now)] };
      case 'FAILED':
        return { events: [this.wait(now)] };
      case 'FAIL_WAIT':
        return now < this.due ? { events: [] } : { events: [this.enter('UNREGED')] };
      case 'REGED':
        return now < this.due ? { events: this.ping(now, pings) } : { events: [], register: true };
      case 'NOREG':
        return { events: this.ping(now, pings) };
      default:
        return { events: [] };
    }
  }

  answered(answer: Answer, now: number): GatewayEvent[] {
    if (this.deleted) return [];
    if (answer.status === 200) {
      this.network = answer.network;
      if (this.state === 'REGED') return this.refreshed(now);
      return [this.enter('REGISTER', answer)];
    }
    this.handleSpent = answer === CANNOT_ANSWER;
    // Only from the second attempt on does FreeSWITCH know whom it is talking to.
    const cached = answer.status === 904 && this.triedBefore;
    if (cached) this.network = answer.network;
    this.triedBefore = answer.status === 904;
    this.failed = answer;
    const events: GatewayEvent[] = cached
      ? [{ state: 'TRYING', up: false, network: this.network, phrase: 'Request Authorized by Cache', status: 100 }]
      : [];
    return [...events, this.enter('FAILED', answer)];
  }

  private tryNow(): { events: GatewayEvent[]; register: true } {
    return { events: [this.enter('TRYING')], register: true };
  }

  private refreshed(now: number): GatewayEvent[] {
    this.due = now + this.settings.expires * 1000;
    return [];
  }

  private registered(now: number): GatewayEvent {
    this.failures = 0;
    this.due = now + this.settings.expires * 1000;
    this.upSince = now;
    return this.enter('REGED', undefined, true);
  }

  /** A wrong password waits longer every time, without a bound; an unreachable carrier does not. */
  private wait(now: number): GatewayEvent {
    this.failures = this.failed?.status === 503 ? 1 : this.failures + 1;
    this.due = now + this.settings.retrySeconds * this.failures * 1000;
    return this.enter('FAIL_WAIT');
  }

  private ping(now: number, answers: boolean): GatewayEvent[] {
    if (this.settings.ping === 0 || now < this.pingDue) return [];
    this.pingDue = now + this.settings.ping * 1000;
    if (this.up === answers) return [];
    this.up = answers;
    this.upSince = now;
    return [this.enter(this.state, undefined, answers)];
  }

  private remove(): { events: GatewayEvent[]; removed?: true } {
    this.passesSinceKill += 1;
    if (this.passesSinceKill === 1) return { events: this.settings.register ? [this.enter('DOWN')] : [] };
    return { events: [], removed: true };
  }

  private enter(state: string, answer?: Answer, up = false): GatewayEvent {
    this.state = state;
    this.up = up;
    return {
      state,
      up,
      network: this.network,
      ...(answer === undefined ? {} : { phrase: answer.phrase, status: answer.status }),
    };
  }
}
