import { Catch, Controller, Inject, Injectable, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  gatewayFileRequest,
  type GatewayFileAnswer,
  type GatewayFileRequest,
} from '@trunkmesh/contracts/gateway-file.js';
import type { BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { CodedRefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { Agent } from '../bridge/agent.process.js';
import { AGENT } from '../tokens.js';
import { Gateways } from './gateways.net.js';
import { maskedXml } from './masked-xml.js';

type Refused = Extract<GatewayFileAnswer, { outcome: 'refused' }>;

@Injectable()
@Catch()
class GatewayFileRefusals extends CodedRefusalFilter<Refused['code']> {
  constructor(@Inject(AGENT) { logger }: Agent) {
    super({
      logger,
      what: "cannot show a trunk's gateway",
      code: 'bridge-failed',
      message: 'The bridge could not show the gateway.',
    });
  }
}

const PATTERN: BridgeRequest = 'gateway';

/** Shows what FreeSWITCH gets for a trunk. The password leaves the bridge in no form. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(GatewayFileRefusals)
export class GatewayFileController {
  constructor(@Inject(Gateways) private readonly gateways: Pick<Gateways, 'organizationOf' | 'rendered'>) {}

  @MessagePattern(PATTERN, { span: 'gateway file' })
  show(@Payload({ schema: gatewayFileRequest }) { organization_id, trunk_id }: GatewayFileRequest): GatewayFileAnswer {
    if (this.gateways.organizationOf(trunk_id) !== organization_id)
      return { outcome: 'none', message: 'The bridge does not have the trunk.' };
    const { desired, problems } = this.gateways.rendered();
    const gateway = desired.get(trunk_id);
    if (gateway !== undefined) return { outcome: 'file', xml: maskedXml(gateway.xml) };
    const message = problems.get(trunk_id)?.message ?? 'The host name of the gateway is being looked up.';
    return { outcome: 'none', message };
  }
}
