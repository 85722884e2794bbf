import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { createOnce, idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { EVENT_STORE } from '../tokens.js';
import { ruleBody, rulePatch, ruleView, type RuleBody, type RulePatch, type RuleView } from './notification-rule.js';
import {
  changedRule,
  deleteRule,
  findRule,
  insertRule,
  listRules,
  newRule,
  ruleViewOf,
  ruleViews,
  saveRule,
} from './rules.pg.js';
import type { RuleRow } from './rule-row.pg.js';

@Controller('api/v1/notifications/rules')
export class RuleController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @Access('manage')
  @Described({
    id: 'listNotificationRules',
    summary: 'List what the organisation is notified of, and where the conditions hold now',
    answer: z.array(ruleView),
  })
  async list(@OrganizationId() organizationId: string): Promise<RuleView[]> {
    return ruleViews(this.store, await listRules(this.store, organizationId));
  }

  @Post()
  @Access('manage')
  @Described({ id: 'createNotificationRule', summary: 'Add a rule', status: 201, answer: ruleView })
  async create(
    @OrganizationId() organizationId: string,
    @Body({ schema: ruleBody }) body: RuleBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    const answer = await createOnce(this.store, idempotencyKeyOf(request, organizationId), async (work) => {
      const row = newRule(organizationId, body, new Date(work.at));
      await insertRule(work.manager, row);
      return {
        status: 201,
        headers: { Location: `/api/v1/notifications/rules/${row.id}` },
        body: ruleViewOf(row, []),
      };
    });
    response.status(answer.status).set(answer.headers);
    return answer.body;
  }

  @Get(':id')
  @Access('manage')
  @Described({ id: 'getNotificationRule', summary: 'Get a rule, and where its condition holds now', answer: ruleView })
  async get(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<RuleView> {
    return this.view(await findRule(this.store, organizationId, id));
  }

  @Patch(':id')
  @Access('manage')
  @Described({ id: 'updateNotificationRule', summary: 'Change some fields of a rule', answer: ruleView })
  async update(
    @OrganizationId() organizationId: string,
    @Param('id') id: string,
    @Body({ schema: rulePatch }) patch: RulePatch,
  ): Promise<RuleView> {
    const before = await findRule(this.store, organizationId, id);
    const after = changedRule(before, patch, new Date());
    await saveRule(this.store, before, after);
    return this.view(after);
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('manage')
  @Described({ id: 'deleteNotificationRule', summary: 'Delete a rule', status: 204 })
  async remove(@OrganizationId() organizationId: string, @Param('id') id: string): Promise<void> {
    await deleteRule(this.store, organizationId, id);
  }

  private async view(row: RuleRow): Promise<RuleView> {
    return (await ruleViews(this.store, [row]))[0]!;
  }
}
