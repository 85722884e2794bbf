import { Controller, Get, Inject } from '@nestjs/common';
import { Access, CurrentCaller } from '../access/access.guard.js';
import type { Caller } from '../http/caller.js';
import { Described } from '../http/open-api.http.js';
import { organizationRow } from '../organization/organization-list.pg.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { RECORD } from '../tokens.js';
import { findApiKey } from './api-key-list.pg.js';
import { currentUser, currentUserView, type CurrentUserView } from './current-user.js';

@Controller('api/v1/users')
export class CurrentUserController {
  constructor(@Inject(RECORD) private readonly record: RecordStore) {}

  @Get('me')
  @Access('read')
  @Described({ summary: 'Get the organisation, role and name of the key of this request', answer: currentUserView })
  async me(@CurrentCaller() caller: Caller): Promise<CurrentUserView> {
    const [organization, key] = await Promise.all([
      caller.organization === null ? undefined : organizationRow(this.record, caller.organization.id),
      caller.keyId === null ? undefined : findApiKey(this.record, caller.keyId),
    ]);
    return currentUser(caller, organization?.state.name ?? null, key);
  }
}
