import type { TrunkSettings } from '@trunkmesh/contracts/trunk.js';
import type { Budget } from './budget.process.js';
import { authenticated, type Authentication, type Ended } from './authenticated.net.js';
import { contactUri, type Parties } from './parties.js';
import { token, type SipClient } from './sip-client.net.js';
import type { Header, SipAnswer } from './sip-text.js';

export interface TestRegistration {
  client: SipClient;
  parties: Parties;
  trunk: Pick<TrunkSettings, 'transport'>;
  authentication: Pick<Authentication, 'credentials' | 'realm'>;
  /** Ask which registrations there are, and make none. */
  onlyAsk: boolean;
  budget: Budget;
}

/** Short: what is not removed, because the carrier does not answer any more, is gone soon. */
const EXPIRES_S = 60;
const LONGEST_EXPIRES_S = 3_600;
const ANSWER_MS = 4_500;
const REMOVAL_MS = 1_500;

/** Registers a contact of its own, or only asks. `remove` takes it away again; to be called whatever happened. */
export async function testRegistration(
  registration: TestRegistration,
): Promise<{ ended: Ended; remove: () => Promise<void> }> {
  const { client, trunk, onlyAsk, budget } = registration;
  const contact = contactUri(token(), client.wire.here, trunk.transport);
  const requests = new Registrations(registration, contact);
  const ask = (expires: number | null) => requests.send(expires, () => budget.part(ANSWER_MS));
  let ended = await ask(onlyAsk ? null : EXPIRES_S);
  const least = ended.end === 'answered' && ended.answer.status === 423 ? minExpires(ended.answer) : undefined;
  if (least !== undefined && !onlyAsk) ended = await ask(least);
  const isBound = !onlyAsk && (ended.end === 'silent' || (ended.end === 'answered' && ended.answer.status < 300));
  return {
    ended,
    remove: async () => {
      if (isBound) await requests.send(0, () => REMOVAL_MS);
    },
  };
}

function minExpires(answer: SipAnswer): number | undefined {
  const seconds = Number(/^\d{1,6}$/.exec(answer.header('min-expires') ?? '')?.[0] ?? 0);
  return seconds > EXPIRES_S && seconds <= LONGEST_EXPIRES_S ? seconds : undefined;
}

/** The requests about one contact: one Call-ID, and a CSeq that grows (RFC 3261 §10.2). */
class Registrations {
  private readonly callId = token();
  private readonly tag = token();
  private sequence = 0;

  constructor(
    private readonly of: TestRegistration,
    private readonly contact: string,
  ) {}

  /** `expires` null: only ask. */
  send(expires: number | null, timeoutMs: () => number): Promise<Ended> {
    const { client, parties, authentication } = this.of;
    const { registrar: uri } = parties;
    const method = 'REGISTER';
    return authenticated(
      (authorization) =>
        client.send({ method, uri, headers: [...this.headers(expires), ...authorization] }, { timeoutMs: timeoutMs() })
          .final,
      { ...authentication, method, uri, algorithms: ['MD5', 'SHA-256'] },
    );
  }

  private headers(expires: number | null): Header[] {
    const { addressOfRecord } = this.of.parties;
    const binding: Header[] =
      expires === null
        ? []
        : [
            ['Contact', `<${this.contact}>;expires=${expires}`],
            ['Expires', String(expires)],
          ];
    return [
      ['From', `<${addressOfRecord}>;tag=${this.tag}`],
      ['To', `<${addressOfRecord}>`],
      ['Call-ID', this.callId],
      ['CSeq', `${(this.sequence += 1)} REGISTER`],
      ...binding,
    ];
  }
}
