import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { trace } from '@opentelemetry/api';
import type { BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { trunkTestRequest, type TrunkTestAnswer, type TrunkTestRequest } from '@trunkmesh/contracts/trunk-test.js';
import { CodedRefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { open, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { TRUNK_TESTS } from '../tokens.js';
import { enterTest, leaveTest, type TestGuard } from './test-guard.js';
import { testTrunk, type TestPorts } from './trunk-test.net.js';

export interface TrunkTestPorts extends TestPorts {
  ring: KeyRing;
  guard: TestGuard;
  logger: Logger;
}

type Refused = Extract<TrunkTestAnswer, { outcome: 'refused' }>;
const refused = (code: Refused['code'], message: string): Refused => ({ outcome: 'refused', code, message });

@Injectable()
@Catch()
class TrunkTestRefusals extends CodedRefusalFilter<Refused['code']> {
  constructor(@Inject(TRUNK_TESTS) { logger }: TrunkTestPorts) {
    super({
      logger,
      what: 'cannot test a trunk',
      code: 'bridge-failed',
      message: 'The bridge could not run the test.',
    });
  }
}

const PATTERN: BridgeRequest = 'diagnose';

/** Tests a trunk's settings from this bridge. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(TrunkTestRefusals)
export class TrunkTestController {
  constructor(@Inject(TRUNK_TESTS) private readonly ports: TrunkTestPorts) {}

  @MessagePattern(PATTERN, { span: 'trunk test' })
  async test(@Payload({ schema: trunkTestRequest }) request: TrunkTestRequest): Promise<TrunkTestAnswer> {
    const { organization_id } = request;
    trace.getActiveSpan()?.setAttribute('organization.id', organization_id);
    const { guard, logger } = this.ports;
    if (!enterTest(guard, organization_id))
      return refused('too-many-tests', 'The bridge is testing other trunks, or another one of this organisation.');
    try {
      const password = this.passwordOf(request);
      const checks = await testTrunk({ ...request, password }, this.ports);
      const results = Object.fromEntries(checks.map(({ check, result, cause }) => [check, cause ?? result]));
      logger.info({ organization_id, test_id: request.test_id, results }, 'tested a trunk');
      return { outcome: 'done', checks };
    } finally {
      leaveTest(guard, organization_id);
    }
  }

  /** Undefined: it cannot be opened. */
  private passwordOf({ password }: TrunkTestRequest): string | null | undefined {
    if (password === null) return null;
    try {
      return open(this.ports.ring, password.sealed, password.bound_to);
    } catch {
      return undefined;
    }
  }
}
