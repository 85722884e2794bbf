import { Controller, Get, Inject } from '@nestjs/common';
import { Access, CurrentCaller } from '../access/access.guard.js';
import type { Caller } from '../http/caller.js';
import { Described } from '../http/open-api.http.js';
import { organizationRow } from '../organization/organization-list.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { findApiKey } from './api-key-list.pg.js';
import { currentUser, currentUserView, type CurrentUserView } from './current-user.js';

@Controller('api/v1/users')
export class CurrentUserController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get('me')
  @Access('read')
  @Described({
    id: 'getCurrentUser',
    summary: 'Get the organisation, role and name of the key of this request',
    answer: currentUserView,
  })
  async me(@CurrentCaller() caller: Caller): Promise<CurrentUserView> {
    const [organization, key] = await Promise.all([
      caller.organization === null ? undefined : organizationRow(this.store, caller.organization.id),
      caller.keyId === null ? null : findApiKey(this.store, caller.keyId),
    ]);
    return currentUser(caller, organization?.state, key);
  }
}
