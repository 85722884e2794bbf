import { Body, Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { trunkState, trunkSettings, type TrunkSettings, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { TrunkCheck, TrunkTestRequest } from '@trunkmesh/contracts/trunk-test.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { seal } from '@trunkmesh/runtime/seal.process.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request } from 'express';
import { uuidv7 } from 'uuidv7';
import { Access, OrganizationId } from '../access/access.guard.js';
import { allowedPools } from '../bridge/allowed-pools.pg.js';
import { poolProblems } from '../bridge/pool-policy.js';
import type { Config } from '../config.js';
import { invalidRequest, parseRequest } from '../http/field-problems.js';
import { Described } from '../http/open-api.http.js';
import { standardCeilings, type Ceilings } from '../outbound/ceilings.js';
import { CallNotAccepted } from '../outbound/refused-event.js';
import { askPlan } from '../routes/explain.nats.js';
import { VerdictSources } from '../status/await-verdicts.nats.js';
import { KEY_RING, NATS } from '../tokens.js';
import { readNewTrunk } from '../trunk/new-trunk.js';
import { trunkBody, type TrunkBodySchema } from '../trunk/trunk-input.js';
import { findTrunk, type TrunkRow } from '../trunk/trunk-list.pg.js';
import { bridgeForTest } from './test-bridge.js';
import { countTestCall, expectReport, refuseTestCall, uncountTestCall } from './test-call.pg.js';
import { allowedCall, problemOfTest, type AllowedCall } from './test-call-guard.js';
import { TestLimits } from './test-limits.pg.js';
import { askForTest, BridgeNotReached, TestNotBegun } from './trunk-test.nats.js';
import {
  PROBE_BODY,
  probeCall,
  testBody,
  trunkTestView,
  viewOfTest,
  type TestBody,
  type TrunkTestView,
} from './trunk-test-view.js';

/** What is tested: settings, their sealed password, and the trunk that has them; null: they are not saved. */
interface Tested {
  organizationId: string;
  settings: TrunkSettings;
  password: TrunkTestRequest['password'];
  saved: TrunkState | null;
}

/** Tries a trunk from the bridge that would use it, so that a fault is named before calls fail. */
@Controller('api/v1/sip-trunks')
export class TrunkTestController {
  private readonly limits: TestLimits;
  private readonly body: TrunkBodySchema;
  private readonly operatorBody: TrunkBodySchema;
  private readonly ceilings: Ceilings;

  constructor(
    private readonly sources: VerdictSources,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
    @Inject(CONFIG) config: Config,
  ) {
    this.body = trunkBody({ allowPrivate: config.ALLOW_PRIVATE_GATEWAYS });
    this.operatorBody = trunkBody({ allowPrivate: config.ALLOW_PRIVATE_GATEWAYS, operator: true });
    this.ceilings = standardCeilings(config);
    this.limits = new TestLimits(sources.store, 'trunk');
  }

  /** Settings that are not saved. Nothing is stored, and the password leaves this service sealed. */
  @Post('probe')
  @HttpCode(200)
  @Access('manage')
  @Described({
    id: 'probeTrunk',
    summary: "Test a trunk's settings without saving them",
    answer: trunkTestView,
    body: PROBE_BODY,
  })
  async probe(
    @OrganizationId() organizationId: string,
    @Body() written: unknown,
    @Req() request: Request,
  ): Promise<TrunkTestView> {
    const { number, from, ...trunk } = parseRequest(probeCall, written);
    const isOperator = request.caller!.role === 'bootstrap';
    const schema = isOperator ? this.operatorBody : this.body;
    const { settings, password } = readNewTrunk(schema, { name: 'probe', ...trunk });
    const pools = isOperator ? undefined : await allowedPools(this.sources.store, organizationId);
    const problems = poolProblems(settings.bridge_pool, null, pools);
    if (problems.length > 0) throw invalidRequest(problems);
    const bound_to = uuidv7();
    const sealed = password == null ? null : { sealed: seal(this.keyRing, password, bound_to), bound_to };
    return this.run({ organizationId, settings, password: sealed, saved: null }, { number, from });
  }

  /** A saved trunk, enabled or not. It stays as it is, and so does its registration. */
  @Post(':id/test')
  @HttpCode(200)
  @Access('manage')
  @Described({
    id: 'testTrunk',
    summary: 'Test a trunk from its bridge: DNS, transport, certificate, OPTIONS, registration, and a call if asked',
    answer: trunkTestView,
    bodyOptional: true,
  })
  async test(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: testBody }) body: TestBody,
  ): Promise<TrunkTestView> {
    const saved = trunkState.parse((await findTrunk(this.sources.store, organizationId, id)).state);
    const password = saved.password === null ? null : { sealed: saved.password, bound_to: saved.id };
    return this.run({ organizationId, settings: trunkSettings.parse(saved), password, saved }, body);
  }

  private run(tested: Tested, body: TestBody): Promise<TrunkTestView> {
    const counts = (error: unknown) => !(error instanceof BridgeNotReached);
    return this.limits.run(tested.organizationId, () => this.runOn(tested, body), counts);
  }

  private async runOn(tested: Tested, { number, from }: TestBody): Promise<TrunkTestView> {
    const { organizationId, settings, password, saved } = tested;
    const bridge = bridgeForTest(saved ?? settings, await this.sources.fleet.read());
    if (bridge === undefined)
      throw new BridgeNotReached(
        'bridge-unavailable',
        `No bridge of pool "${settings.bridge_pool}" is online, so nothing can be tested. Retry soon.`,
      );
    const test_id = uuidv7();
    // Before the call is counted: where this fails, nothing was asked of the bridge.
    const is_registered = settings.register && (await this.isRegistered(tested));
    const call =
      number === undefined
        ? null
        : await this.allowed(tested, { call_id: test_id, bridge_id: bridge, from: from!, to: number });
    const request: TrunkTestRequest = {
      test_id,
      trunk_id: saved?.id ?? test_id,
      organization_id: organizationId,
      trunk: settings,
      password,
      is_registered,
      call,
    };
    const checks = await this.ask(bridge, request);
    return viewOfTest(bridge, checks, new Date().toISOString());
  }

  /** A call that was certainly not placed does not count. */
  private async ask(bridge: string, request: TrunkTestRequest): Promise<TrunkCheck[]> {
    const { test_id, call } = request;
    if (call === null) return askForTest(this.nats, bridge, request);
    const { store } = this.sources;
    try {
      const checks = await askForTest(this.nats, bridge, request);
      const isPlaced = checks.every(({ check, cause }) => check !== 'call' || cause !== 'not-run');
      await (isPlaced ? expectReport(store, test_id) : uncountTestCall(store, test_id));
      return checks;
    } catch (error) {
      if (error instanceof TestNotBegun) await uncountTestCall(store, test_id);
      throw error;
    }
  }

  /**
   * By the plan of an outbound call, and counted as one; the target takes no part in a test.
   *
   * @throws DomainError of a refusal
   */
  private async allowed(
    { organizationId: organization_id, settings, saved }: Tested,
    { call_id, bridge_id, from, to }: { call_id: string; bridge_id: string; from: string; to: string },
  ): Promise<AllowedCall> {
    const { store } = this.sources;
    const at = new Date();
    const trunk_id = saved === null ? null : saved.id;
    const target = { kind: 'assistant' as const, id: 1 };
    const plan = await askPlan(this.nats, { call_id, organization_id, from, to, caller_id: null, trunk_id, target });
    try {
      const call = allowedCall(plan, settings, saved !== null);
      const counted = { call_id, organization_id, trunk_id: trunk_id ?? call_id, bridge_id, at };
      await countTestCall(store, this.ceilings, { ...call, ...counted });
      return call;
    } catch (error) {
      if (!(error instanceof CallNotAccepted)) throw error;
      await refuseTestCall({ store, nats: this.nats }, plan, { call_id, to, at }, error.refusal);
      throw problemOfTest(call_id, error.refusal);
    }
  }

  /** This user is registered now, by this trunk or by another one of the organisation. */
  private async isRegistered({ organizationId, settings }: Tested): Promise<boolean> {
    const rows = await this.sources.store.query<TrunkRow>(
      `select version, state from trunks where organization_id = $1 and enabled and register
        and state->>'gateway' = $2 and state->>'username' = $3 limit 20`,
      [organizationId, settings.gateway, settings.username],
    );
    const statuses = await Promise.all(
      rows.map(({ state }) => this.sources.statuses.ofTrunk(organizationId, state.id)),
    );
    return statuses.flat().some(({ state }) => state === 'REGED');
  }
}
