import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { Config } from '../config.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { createOnce, idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE, KEY_RING } from '../tokens.js';
import { TestLimits } from '../trunk-test/test-limits.pg.js';
import {
  changedChannel,
  channelView as viewOf,
  channelViews,
  deleteChannel,
  findChannel,
  insertChannel,
  listChannels,
  newChannel,
  newSigningSecret,
  saveChannel,
} from './channels.pg.js';
import { deliveryView, type DeliveryView } from './delivery.js';
import {
  channelBody,
  channelPatch,
  channelView,
  channelWithSecret,
  checkUrl,
  MEMBERS,
  type ChannelBody,
  type ChannelPatch,
  type ChannelView,
} from './notification-channel.js';
import { Sender } from './sender.process.js';

@Controller('api/v1/notifications/channels')
export class ChannelController {
  private readonly tests: TestLimits;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEY_RING) private readonly ring: KeyRing,
    @Inject(CONFIG) private readonly config: Config,
    private readonly sender: Sender,
  ) {
    this.tests = new TestLimits(store, 'notification');
  }

  @Get()
  @Access('manage')
  @Described({
    id: 'listNotificationChannels',
    summary: 'List the channels that notifications can go to',
    answer: z.array(channelView),
  })
  async list(@OrganizationId() organizationId: string): Promise<ChannelView[]> {
    return channelViews(this.store, await listChannels(this.store, organizationId));
  }

  @Post()
  @Access('manage')
  @Described({
    id: 'createNotificationChannel',
    summary: 'Add a channel: a signed webhook, Slack, or e-mail. A secret that we make is shown in this answer only',
    status: 201,
    answer: channelWithSecret,
  })
  async create(
    @OrganizationId() organizationId: string,
    @Body({ schema: channelBody }) body: ChannelBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    if (body.kind === 'email') this.requireMail();
    else checkUrl(body.url, this.policy());
    const answer = await createOnce(
      this.store,
      idempotencyKeyOf(request, organizationId),
      async (work) => {
        const made = body.kind === 'webhook' && body.signing_secret === undefined ? newSigningSecret() : null;
        const secret = body.kind === 'webhook' ? (body.signing_secret ?? made) : null;
        const row = newChannel(this.ring, body, { organizationId, secret, now: new Date(work.at) });
        await insertChannel(work.manager, row);
        return {
          status: 201,
          headers: { Location: `/api/v1/notifications/channels/${row.id}` },
          body: { ...(await viewOf(work.manager, row)), signing_secret: made },
        };
      },
      { stored: (stored) => ({ ...(stored as object), signing_secret: null }) },
    );
    response.status(answer.status).set(answer.headers);
    return answer.body;
  }

  @Get(':id')
  @Access('manage')
  @Described({ id: 'getNotificationChannel', summary: 'Get a channel', answer: channelView })
  async get(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<ChannelView> {
    return viewOf(this.store, await findChannel(this.store, organizationId, id));
  }

  @Patch(':id')
  @Access('manage')
  @Described({
    id: 'updateNotificationChannel',
    summary: 'Change a channel; `"signing_secret": null` makes a new secret, shown in this answer only',
    answer: channelWithSecret,
  })
  async update(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: channelPatch }) patch: ChannelPatch,
  ): Promise<unknown> {
    const before = await findChannel(this.store, organizationId, id);
    for (const member of ['url', 'signing_secret', 'recipients'] as const)
      if (patch[member] !== undefined && !MEMBERS[before.kind].includes(member))
        throw new DomainError('invalid-request', `A channel of the kind ${before.kind} has no ${member}.`, [
          { pointer: `/${member}`, message: 'does not belong to this kind of channel' },
        ]);
    if (patch.url !== undefined) checkUrl(patch.url, this.policy());
    const made = patch.signing_secret === null ? newSigningSecret() : null;
    const secret = made ?? patch.signing_secret ?? undefined;
    const after = changedChannel(this.ring, before, { patch, secret, now: new Date() });
    await saveChannel(this.store, before, after);
    return { ...(await viewOf(this.store, after)), signing_secret: made };
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('manage')
  @Described({
    id: 'deleteNotificationChannel',
    summary: 'Delete a channel that no rule uses; what waits for it is given up',
    status: 204,
  })
  async remove(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<void> {
    await deleteChannel(this.store, organizationId, id);
  }

  /** One attempt, now: the answer says whether it arrived. */
  @Post(':id/test')
  @HttpCode(200)
  @Access('manage')
  @Described({
    id: 'testNotificationChannel',
    summary: 'Send a test message once, and say whether it arrived',
    answer: deliveryView,
  })
  async test(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<DeliveryView> {
    const channel = await findChannel(this.store, organizationId, id);
    return this.tests.run(organizationId, () => this.sender.test(channel));
  }

  private policy() {
    return { allowPrivate: this.config.ALLOW_PRIVATE_GATEWAYS };
  }

  private requireMail(): void {
    if (this.config.SMTP_URL === undefined)
      throw new DomainError(
        'invalid-request',
        'This installation sends no e-mail: its operator has to set SMTP_URL and SMTP_FROM.',
        [{ pointer: '/kind', message: 'is not available' }],
      );
  }
}
