import { callSid } from '@trunkmesh/contracts/call-control.js';
import { nextHopOf } from '@trunkmesh/contracts/trunk.js';
import type { TrunkCheck } from '@trunkmesh/contracts/trunk-test.js';
import { identityHeaders } from '@trunkmesh/routing/outbound-identity.js';
import { parseGatewayAddress, type GatewayAddress } from '../gateway/gateway-address.js';
import { nameToProve } from '../gateway/carrier-certificate.js';
import { credentialsOf, type Credentials } from '../gateway/gateway-xml.js';
import { certificateOf } from '../gateway/shown-certificate.net.js';
import { Budget } from './budget.process.js';
import { callFinding } from './call-finding.js';
import { certificateFinding } from './certificate.js';
import { checkOf, failed, notRun, open, type CheckName, type Finding } from './checks.js';
import { resolveNextHop, wireTarget, type LookUp } from './next-hop.net.js';
import { partiesOf } from './parties.js';
import {
  connectedFinding,
  datagramFinding,
  dnsFinding,
  optionsFinding,
  transportFailure,
  type WireTarget,
} from './place.js';
import { registrationFinding, type RegistrationEnd } from './registration-finding.js';
import { SipClient, token } from './sip-client.net.js';
import { openWire } from './sip-wire.net.js';
import { testCall, type TestCall } from './test-call.net.js';
import type { PlaceTest } from './test-calls.net.js';
import type { TestedTrunk } from './test-record.js';
import { testRegistration } from './test-registration.net.js';
import type { Ended } from './authenticated.net.js';

export interface TestPorts extends LookUp {
  /** What the carrier must allow. */
  bridgeAddress: string;
  placeTest: PlaceTest;
  workMs?: number;
  /** As in `TestCall`. */
  settleMs?: number;
}

/** What is left of the deadline is for taking back what the test did. */
const WORK_MS = 15_500;
const DNS_MS = 5_000;
const CONNECT_MS = 4_000;
const OPTIONS_MS = 4_000;
/** What is sent again is still answered. */
const LINGER_MS = 5_000;

export function plannedChecks({ trunk, call }: Pick<TestedTrunk, 'trunk' | 'call'>): CheckName[] {
  const all: [CheckName, boolean][] = [
    ['dns', true],
    ['transport', true],
    ['certificate', trunk.transport === 'tls'],
    ['options', true],
    ['registration', trunk.register],
    ['call', call !== null],
  ];
  return all.filter(([, isPlanned]) => isPlanned).map(([name]) => name);
}

/** Every planned check, in its order. What did not come to an end is said to be so. */
export async function testTrunk(tested: TestedTrunk, ports: TestPorts): Promise<TrunkCheck[]> {
  const test = new TrunkTest(tested, ports);
  const planned = plannedChecks(tested);
  await test.run();
  const because = test.stoppedBy ?? 'the time of the test was over.';
  return planned.map((name) => test.checks.get(name) ?? notRun(name, because));
}

class TrunkTest {
  readonly checks = new Map<CheckName, TrunkCheck>();
  /** Why the checks after it were not run. */
  stoppedBy: string | undefined;
  private readonly budget: Budget;
  /** So long its call may still be answered. */
  private settlesWithinMs = 0;

  constructor(
    private readonly tested: TestedTrunk,
    private readonly ports: TestPorts,
  ) {
    this.budget = new Budget(ports.workMs ?? WORK_MS);
  }

  async run(): Promise<void> {
    const gateway = parseGatewayAddress(this.tested.trunk.gateway);
    if (gateway === undefined) return this.stop('dns', unusable('The gateway is neither a host name nor an address.'));
    const nextHop = parseGatewayAddress(nextHopOf(this.tested.trunk));
    if (nextHop === undefined) return this.stop('dns', unusable('The outbound proxy is no host name or address.'));
    const credentials = this.credentials(gateway);
    const { transport } = this.tested.trunk;
    const timeoutMs = this.budget.part(DNS_MS);
    const resolution = await resolveNextHop(nextHop, transport, { ...this.ports, timeoutMs });
    this.note('dns', dnsFinding(resolution));
    const target = wireTarget(resolution);
    if (target === undefined) {
      this.stoppedBy = 'there is no address to connect to.';
      return;
    }
    await this.onWire(target, { gateway, credentials, nextHop });
  }

  private async onWire(target: WireTarget, of: Identity): Promise<void> {
    const opened = await openWire(target, this.budget.part(CONNECT_MS));
    if (!opened.ok) return this.stop('transport', transportFailure(opened.failure, target));
    const { wire } = opened;
    const client = new SipClient(wire);
    try {
      if (wire.transport !== 'udp') this.note('transport', connectedFinding(target));
      const name = nameToProve(this.tested.trunk) ?? of.nextHop.host;
      if (wire.tls) this.note('certificate', certificateFinding(certificateOf(wire.tls, name), new Date()));
      await Promise.all([this.options(client, of), this.registrationAndCall(client, of)]);
      if (wire.transport === 'udp') this.note('transport', datagramFinding(client, target));
    } finally {
      wire.closeAfter(this.tested.call === null ? 0 : this.settlesWithinMs + LINGER_MS);
    }
  }

  private async options(client: SipClient, { gateway }: Identity): Promise<void> {
    const { trunk } = this.tested;
    const { registrar: uri } = partiesOf(trunk, gateway, { fromUser: 'trunkmesh-test', fromDomain: '' });
    const own = `sip:trunkmesh-test@${client.wire.here}`;
    const headers = [
      ['From', `<${own}>;tag=${token()}`],
      ['To', `<${uri}>`],
      ['Call-ID', token()],
      ['CSeq', '1 OPTIONS'],
      ['Contact', `<${own}>`],
      ['Accept', 'application/sdp'],
    ] as const;
    const answer = await client.send({ method: 'OPTIONS', uri, headers }, { timeoutMs: this.budget.part(OPTIONS_MS) })
      .final;
    this.note('options', optionsFinding(answer?.status), answer?.status ?? null);
  }

  /** A carrier that wants a registration takes calls only while there is one. */
  private async registrationAndCall(client: SipClient, of: Identity): Promise<void> {
    if (!this.tested.trunk.register) return this.call(client, of);
    const { trunk, is_registered: onlyAsk } = this.tested;
    const credentials = this.usable('registration', of);
    if (credentials === undefined) return;
    const parties = partiesOf(trunk, of.gateway, credentials);
    const authentication = { credentials: digestOf(credentials), realm: trunk.realm };
    const { ended, remove } = await testRegistration({
      client,
      parties,
      trunk,
      authentication,
      onlyAsk,
      budget: this.budget,
    });
    try {
      const context = { ...parties, bridgeAddress: this.ports.bridgeAddress, realm: trunk.realm, onlyAsked: onlyAsk };
      const finding = registrationFinding(registrationEnd(ended), context);
      this.note('registration', finding, ended.end === 'answered' ? ended.answer.status : null);
      if (finding.result === 'pass') await this.call(client, of);
      else this.stoppedBy = 'the registration did not succeed.';
    } finally {
      await remove();
    }
  }

  private async call(client: SipClient, of: Identity): Promise<void> {
    const { trunk, call } = this.tested;
    if (call === null) return;
    const credentials = this.usable('call', of);
    if (credentials === undefined) return;
    const { gateway } = of;
    const { dialled, from } = call;
    const domain = credentials.fromDomain === '' ? client.wire.here.replace(/:\d+$/, '') : credentials.fromDomain;
    const authentication = { credentials: digestOf(credentials), realm: trunk.realm };
    const caller = this.caller(call, domain);
    const sipCallId = token();
    const begun = await this.ports.placeTest({ ...this.tested, call }, sipCallId, this.budget.part(Infinity));
    if ('because' in begun) return void this.checks.set('call', notRun('call', begun.because));
    const placed = { client, trunk, gateway, dialled, caller, authentication, sipCallId, budget: this.budget };
    const { tested, settlesWithinMs } = await begun.run((during) =>
      testCall({ ...placed, ...during, settleMs: this.ports.settleMs }),
    );
    this.settlesWithinMs = settlesWithinMs;
    const { codecs, srtp } = trunk;
    const context = { dialled, from, codecs, srtp, bridgeAddress: this.ports.bridgeAddress };
    this.note('call', callFinding(tested.end, context), tested.status);
  }

  /** As a call of the trunk would be: by its identity rules, with its own headers filled in. */
  private caller(call: NonNullable<TestedTrunk['call']>, domain: string): TestCall['caller'] {
    const { trunk, trunk_id: id, organization_id, test_id } = this.tested;
    const { caller_id_name, from_user, from_domain, headers } = identityHeaders(
      { ...trunk, id, organization_id },
      { ...call, call_sid: callSid(test_id), caller_id: call.from },
    );
    const name = caller_id_name === '' ? '' : `"${caller_id_name.replace(/["\\]/g, '')}" `;
    return { from: `${name}<sip:${from_user}@${from_domain ?? domain}>`, headers };
  }

  private credentials(gateway: GatewayAddress): Identity['credentials'] {
    const { trunk, password } = this.tested;
    if (password === undefined) return NOT_READABLE;
    const credentials = credentialsOf(trunk, password, gateway);
    return 'ok' in credentials ? unusable(credentials.problem.message) : credentials;
  }

  private usable(check: CheckName, { credentials }: Identity): Credentials | undefined {
    if (!('result' in credentials)) return credentials;
    this.stop(check, credentials);
    return undefined;
  }

  private note(check: CheckName, finding: Finding, sipStatus: number | null = null): void {
    this.checks.set(check, checkOf(check, finding, sipStatus));
  }

  private stop(check: CheckName, finding: Finding): void {
    this.note(check, finding);
    this.stoppedBy = `the check "${check}" did not succeed.`;
  }
}

interface Identity {
  gateway: GatewayAddress;
  /** The outbound proxy, else the gateway. */
  nextHop: GatewayAddress;
  /** A finding where they cannot be used. */
  credentials: Credentials | Finding;
}

const digestOf = ({ authUsername: username, password }: Credentials) =>
  username === '' || password === '' ? null : { username, password };

function registrationEnd(ended: Ended): RegistrationEnd {
  if (ended.end !== 'answered') return ended;
  const { answer, challenged, algorithm } = ended;
  return { end: 'answered', status: answer.status, challenged, ...(algorithm === undefined ? {} : { algorithm }) };
}

const unusable = (seen: string): Finding => failed('settings-unusable', seen, 'Change the settings of the trunk.');
const NOT_READABLE: Finding = open(
  'password-not-readable',
  'The bridge cannot decrypt the password of this trunk: its key is not in SECRET_KEYS, or it is damaged.',
  'Set the password again. If this persists, the operator compares SECRET_KEYS of trunk-service and bridge-agent.',
);
