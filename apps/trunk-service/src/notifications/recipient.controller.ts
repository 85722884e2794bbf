import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE } from '../tokens.js';
import { channelView as viewOf, findChannel } from './channels.pg.js';
import { channelView, type ChannelView } from './notification-channel.js';
import { confirmationBody, recipientBody, type ConfirmationBody, type RecipientBody } from './recipient.js';
import { askAgain, confirmRecipient } from './recipients.pg.js';

/** The recipients of an e-mail channel confirm their addresses: nobody is to write to strangers. */
@Controller('api/v1/notifications/channels/:id/recipients')
export class RecipientController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Post('confirm')
  @HttpCode(200)
  @Access('manage')
  @Described({
    id: 'confirmNotificationRecipient',
    summary: 'Confirm a recipient with the code that it got by e-mail; ten tries a code',
    answer: channelView,
  })
  async confirm(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: confirmationBody }) body: ConfirmationBody,
  ): Promise<ChannelView> {
    const channel = await this.channelWith(organizationId, id, body.recipient);
    await confirmRecipient(this.store, organizationId, body);
    return viewOf(this.store, channel);
  }

  @Post('send-code')
  @HttpCode(200)
  @Access('manage')
  @Described({
    id: 'sendNotificationRecipientCode',
    summary: 'Send a recipient a further code, as soon as an hour has passed since the last one',
    answer: channelView,
  })
  async sendCode(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: recipientBody }) { recipient }: RecipientBody,
  ): Promise<ChannelView> {
    const channel = await this.channelWith(organizationId, id, recipient);
    await askAgain(this.store, organizationId, recipient);
    return viewOf(this.store, channel);
  }

  /** @throws DomainError notification-channel-not-found, invalid-request */
  private async channelWith(organizationId: string, id: string, recipient: string) {
    const channel = await findChannel(this.store, organizationId, id);
    const wanted = recipient.toLowerCase();
    if (channel.recipients?.some((address) => address.toLowerCase() === wanted)) return channel;
    throw new DomainError('invalid-request', 'The channel has no such recipient.', [
      { pointer: '/recipient', message: 'is not a recipient of this channel' },
    ]);
  }
}
