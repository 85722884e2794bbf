import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { parseRequest } from '../http/field-problems.js';
import { Described } from '../http/open-api.http.js';
import { organizationNotFound } from '../organization/organization.js';
import { organizationRow } from '../organization/organization-list.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { EVENT_STORE } from '../tokens.js';
import { CLAIM_DAYS, listClaims, moveNumber, openClaim, withdrawClaim } from './number-claim.pg.js';
import { numberView, phoneNumber, presentNumber } from './number-input.js';

const claimBody = z
  .strictObject({ phone_number: phoneNumber.describe('The phone number in E.164.') })
  .meta({ id: 'NumberClaimRequest' });
const claimView = z
  .object({
    phone_number: z.string().describe('The phone number in E.164.'),
    created_at: z.string().describe('When it was made.'),
    expires_at: z.string().describe('Until when it is valid.'),
  })
  .meta({ id: 'NumberClaim' });
const openedClaim = claimView
  .extend({
    instructions: z.array(z.string()).describe('What to do next, step by step.'),
  })
  .meta({ id: 'OpenedNumberClaim' });
const moveBody = z
  .strictObject({
    organization_id: uuid.transform((id) => id.toLowerCase()).describe('The organisation.'),
  })
  .meta({ id: 'NumberMove' });

const INSTRUCTIONS = [
  "List your carrier's addresses on a trunk and prove that you are served from there (POST " +
    '/api/v1/sip-trunks/{id}/verify-address, or any call that is routed to you).',
  'Have your carrier deliver a call for this number to the bridge, with the number in full in the Request-URI. ' +
    'Where the operator lists the carrier, and the present holder ' +
    'has not proven the number, it becomes yours with that call.',
  `Otherwise ask the operator, who can move the number. The claim expires after ${CLAIM_DAYS} days.`,
];

@Controller('api/v1/phone-numbers')
export class NumberClaimController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** The answer is the same for every holder of the number, proven or not. */
  @Post('claims')
  @HttpCode(202)
  @Access('manage')
  @Described({
    id: 'claimPhoneNumber',
    summary: 'Claim a phone number that another organisation has added',
    status: 202,
    answer: openedClaim,
    body: { 'application/json': claimBody },
  })
  async claim(@OrganizationId() organizationId: string, @Body() written: unknown) {
    const { phone_number } = parseRequest(claimBody, written);
    return { ...(await openClaim(this.store, organizationId, phone_number)), instructions: INSTRUCTIONS };
  }

  @Get('claims')
  @Access('read')
  @Described({
    id: 'listPhoneNumberClaims',
    summary: "List the organisation's open claims on phone numbers",
    answer: z.array(claimView),
  })
  claims(@OrganizationId() organizationId: string) {
    return listClaims(this.store, organizationId);
  }

  @Delete('claims/:number')
  @HttpCode(204)
  @Access('manage')
  @Described({ id: 'withdrawPhoneNumberClaim', summary: 'Withdraw a claim on a phone number', status: 204 })
  async withdraw(@OrganizationId() organizationId: string, @Param('number') number: string): Promise<void> {
    await withdrawClaim(this.store, organizationId, parseRequest(claimBody, { phone_number: number }).phone_number);
  }

  /** Proven or not, no matter who has it; an organisation that has it already has it proven. */
  @Post(':number/move')
  @HttpCode(200)
  @Access('operate')
  @Described({
    id: 'movePhoneNumber',
    summary: 'Give a phone number to an organisation, proven by the operator',
    answer: numberView,
    body: { 'application/json': moveBody },
  })
  async move(
    @Param('number') number: string,
    @Body({ schema: moveBody }) { organization_id }: z.output<typeof moveBody>,
  ) {
    const { phone_number } = parseRequest(claimBody, { phone_number: number });
    if ((await organizationRow(this.store, organization_id)) === undefined) throw organizationNotFound();
    return presentNumber(await moveNumber(this.store, { organizationId: organization_id, phone_number }));
  }
}
