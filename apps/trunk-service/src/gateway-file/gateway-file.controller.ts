import { Controller, Get, Inject, Param } from '@nestjs/common';
import { GATEWAY_FILE_DEADLINE_MS, gatewayFileAnswer } from '@trunkmesh/contracts/gateway-file.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { bridgeId } from '@trunkmesh/contracts/scalar.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { trunkState } from '@trunkmesh/contracts/trunk.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import { unansweredText } from '../nats/unanswered-text.js';
import { VerdictSources } from '../status/await-verdicts.nats.js';
import { NATS } from '../tokens.js';
import { findTrunk } from '../trunk/trunk-list.pg.js';
import { bridgeForTest } from '../trunk-test/test-bridge.js';

export const gatewayFile = z
  .object({
    bridge_id: bridgeId.nullable().describe('The bridge that answered; null: none has the trunk.'),
    xml: z
      .string()
      .nullable()
      .describe(
        "FreeSWITCH's configuration of the gateway. The password and the values of credential headers are `***`. " +
          'Null: there is none.',
      ),
    message: z.string().nullable().describe('Why there is none, in a sentence; null where there is one.'),
  })
  .meta({ id: 'GatewayFile', description: 'What a bridge writes for FreeSWITCH.' });
export type GatewayFile = z.infer<typeof gatewayFile>;

const none = (bridge_id: string | null, message: string): GatewayFile => ({ bridge_id, xml: null, message });

@Controller('api/v1/sip-trunks')
export class GatewayFileController {
  constructor(
    private readonly sources: VerdictSources,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {}

  @Get(':id/gateway')
  @Access('read')
  @Described({
    id: 'getTrunkGateway',
    summary: "Get a trunk's gateway as its bridge writes it for FreeSWITCH, without the password",
    answer: gatewayFile,
  })
  async get(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<GatewayFile> {
    const trunk = trunkState.parse((await findTrunk(this.sources.store, organizationId, id)).state);
    if (!trunk.enabled) return none(null, 'The trunk is disabled, so no bridge has it. Enable it to see its gateway.');
    const bridge = bridgeForTest(trunk, await this.sources.fleet.read());
    if (bridge === undefined) return none(null, `No bridge of pool "${trunk.bridge_pool}" is online.`);
    return this.read(bridge, { organization_id: organizationId, trunk_id: trunk.id });
  }

  /** @throws DomainError bridge-unavailable */
  private async read(bridge: string, request: { organization_id: string; trunk_id: string }): Promise<GatewayFile> {
    const answer = await ask(this.nats, {
      subject: bridgeRequest(bridge, 'gateway'),
      request,
      reply: gatewayFileAnswer,
      deadlineMs: GATEWAY_FILE_DEADLINE_MS,
      span: { name: 'trunk.gateway', attributes: { 'bridge.id': bridge } },
    }).catch((error: unknown) => {
      if (!(error instanceof Unanswered)) throw error;
      throw new DomainError('bridge-unavailable', `${unansweredText(`bridge ${bridge}`, error)} Try again.`);
    });
    if (answer.outcome === 'file') return { bridge_id: bridge, xml: answer.xml, message: null };
    if (answer.outcome === 'none') return none(bridge, answer.message);
    throw new DomainError('bridge-unavailable', `Bridge ${bridge} did not show the gateway: ${answer.message}`);
  }
}
