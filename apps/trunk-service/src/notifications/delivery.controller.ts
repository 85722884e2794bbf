import { Controller, Get, Inject, Query } from '@nestjs/common';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE } from '../tokens.js';
import { deliveryPage, deliveryQuery, type DeliveryPage, type DeliveryQuery } from './delivery.js';
import { deliveriesOf } from './outbox.pg.js';

@Controller('api/v1/notifications/deliveries')
export class DeliveryController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('manage')
  @Described({
    id: 'listNotificationDeliveries',
    summary: 'List the messages of the last 30 days, newest first: delivered, waiting or given up, and the last error',
    answer: deliveryPage,
  })
  list(
    @OrganizationId() organizationId: string,
    @Query({ schema: deliveryQuery }) query: DeliveryQuery,
  ): Promise<DeliveryPage> {
    return deliveriesOf(this.store, organizationId, query);
  }
}
