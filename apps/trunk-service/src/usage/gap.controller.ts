import { Controller, Get, Inject } from '@nestjs/common';
import { USAGE_GAPS } from '@trunkmesh/contracts/subjects.js';
import { usageGaps, usageGapsAnswer, type UsageGaps } from '@trunkmesh/contracts/usage-gap.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { Access } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import { NATS } from '../tokens.js';
import { usageObserver } from './usage.nats.js';

@Controller('api/v1/usage/gaps')
export class GapController {
  constructor(@Inject(NATS) private readonly nats: NatsLink) {}

  /** Whose calls they are is not known, so they are the operator's alone. */
  @Get()
  @Access('operate')
  @Described({
    id: 'listUsageGaps',
    summary: 'List the call records that have not come from a bridge, though later ones have',
    answer: usageGaps,
  })
  async list(): Promise<UsageGaps> {
    const answer = await usageObserver.ask(this.nats, { subject: USAGE_GAPS, request: {}, reply: usageGapsAnswer });
    if (answer.outcome === 'error') throw usageObserver.failure(answer);
    const { items, total } = answer;
    return { items, total };
  }
}
