import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { NO_CERTIFICATE, refusalOf, type CertificatePlace } from './carrier-certificate.js';
import type { GatewayProblem } from './gateway-status.js';
import { showCertificate } from './shown-certificate.net.js';

/**
 * Whether this bridge's FreeSWITCH verifies the certificates of carriers. `unknown`: it has not been asked yet. `ca`:
 * the authorities that it trusts; undefined where the agent cannot read them, and FreeSWITCH alone judges that.
 */
export type Verification = { is: 'unknown' | 'off' } | { is: 'on'; ca: string | undefined };

/**
 * `waiting`: not looked at yet. `unreached`: no handshake came about, so FreeSWITCH will not get further. `proven`:
 * FreeSWITCH has to find `subject` in the certificate.
 */
export type CertificateStanding =
  { is: 'waiting' | 'unreached' } | { is: 'proven'; subject: string } | { is: 'refused'; problem: GatewayProblem };

export interface CarrierCertificatesOptions {
  /** Called when what their certificates are has changed. */
  onChange(trunkIds: readonly string[]): void;
  logger: Logger;
  /** For tests. */
  againMs?: number;
}

const HANDSHAKE_MS = 4_000;
/** FreeSWITCH judges each connection itself; this finds the reason, and a certificate with other names. */
const PROVEN_MS = 3_600_000;
const AGAIN_MS = 60_000;
/** After FreeSWITCH got no answer there. */
const DOUBTED_MS = 15_000;
const CONCURRENT = 8;

interface Looked {
  place: CertificatePlace;
  trunks: Set<string>;
  standing: CertificateStanding;
  lookedAt: number;
  dueAt: number;
  busy: boolean;
}

/** What the carriers of trunks over TLS show, looked at before FreeSWITCH sends anything there. */
export class CarrierCertificates {
  verification: Verification = { is: 'unknown' };
  private readonly places = new Map<string, Looked>();
  private readonly keyOf = new Map<string, string>();
  private running = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: CarrierCertificatesOptions) {}

  standingAt(trunkId: string, place: CertificatePlace): CertificateStanding {
    const key = `${place.address} ${place.port} ${place.name}`;
    if (this.keyOf.get(trunkId) !== key) this.track(trunkId, key, place);
    return this.places.get(key)!.standing;
  }

  forget(trunkId: string): void {
    const key = this.keyOf.get(trunkId);
    const looked = key === undefined ? undefined : this.places.get(key);
    this.keyOf.delete(trunkId);
    if (key === undefined || looked === undefined) return;
    looked.trunks.delete(trunkId);
    if (looked.trunks.size === 0) this.places.delete(key);
  }

  /** FreeSWITCH got no answer there: the certificate may be another one by now. */
  doubt(trunkId: string): void {
    const looked = this.places.get(this.keyOf.get(trunkId) ?? '');
    if (looked === undefined || looked.busy) return;
    looked.dueAt = Math.min(looked.dueAt, Math.max(Date.now(), looked.lookedAt + DOUBTED_MS));
    this.pump();
  }

  /** The bridge's authorities are other ones now. */
  lookAgain(): void {
    for (const looked of this.places.values()) looked.dueAt = 0;
    this.pump();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private track(trunkId: string, key: string, place: CertificatePlace): void {
    this.forget(trunkId);
    const looked: Looked = this.places.get(key) ?? {
      ...{ place, trunks: new Set(), standing: { is: 'waiting' } },
      ...{ lookedAt: 0, dueAt: 0, busy: false },
    };
    this.places.set(key, looked);
    looked.trunks.add(trunkId);
    this.keyOf.set(trunkId, key);
    this.pump();
  }

  private pump(): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const now = Date.now();
    let next = Infinity;
    for (const looked of this.places.values()) {
      if (looked.busy) continue;
      if (looked.dueAt > now) next = Math.min(next, looked.dueAt);
      else if (this.running >= CONCURRENT) return;
      else void this.look(looked);
    }
    if (next !== Infinity) this.timer = setTimeout(() => this.pump(), next - now + 1);
  }

  private async look(looked: Looked): Promise<void> {
    const { verification } = this;
    this.running += 1;
    looked.busy = true;
    const ca = verification.is === 'on' ? verification.ca : undefined;
    const shown = await showCertificate({ ...looked.place, ca }, HANDSHAKE_MS);
    this.running -= 1;
    looked.busy = false;
    looked.lookedAt = Date.now();
    const before = looked.standing;
    looked.standing = standingAfter(before, shown, ca !== undefined);
    const { againMs = AGAIN_MS } = this.options;
    looked.dueAt = looked.lookedAt + (looked.standing.is === 'proven' ? PROVEN_MS : againMs);
    if (!this.stopped && JSON.stringify(before) !== JSON.stringify(looked.standing)) this.changed(looked);
    this.pump();
  }

  private changed({ place, standing, trunks }: Looked): void {
    if (standing.is === 'refused')
      this.options.logger.warn({ host: place.name, why: standing.problem.code }, "refused a carrier's certificate");
    this.options.onChange([...trunks]);
  }
}

/** `judgesTrust`: the agent has FreeSWITCH's authorities; otherwise FreeSWITCH alone refuses a foreign one. */
function standingAfter(
  before: CertificateStanding,
  shown: Awaited<ReturnType<typeof showCertificate>>,
  judgesTrust: boolean,
): CertificateStanding {
  if (shown === undefined) return before.is === 'waiting' ? { is: 'unreached' } : before;
  if (shown.facts === undefined) return { is: 'refused', problem: NO_CERTIFICATE };
  const facts = judgesTrust ? shown.facts : { ...shown.facts, isTrusted: true };
  const problem = refusalOf(facts, new Date());
  return problem === null ? { is: 'proven', subject: facts.provenBy! } : { is: 'refused', problem };
}
