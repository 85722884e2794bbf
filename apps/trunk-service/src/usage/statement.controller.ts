import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import {
  statementHead,
  statementMonth,
  usageStatement,
  type StatementHead,
  type UsageStatement,
} from '@trunkmesh/contracts/usage-statement.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Response } from 'express';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { Described } from '../http/open-api.http.js';
import { organizationRow } from '../organization/organization-list.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { missingHeaders } from './missing-records.js';
import { statementCsv } from './statement-csv.js';
import { statementPdf } from './statement-pdf.process.js';
import { findStatement, listStatements } from './statement.nats.js';

const MEDIA = { json: 'application/json', csv: 'text/csv', pdf: 'application/pdf' } as const;
type Format = keyof typeof MEDIA;

const statementQuery = z.strictObject({
  format: z
    .enum(['json', 'csv', 'pdf'])
    .optional()
    .describe('The form of the answer. Absent: as the header `Accept` says (`text/csv`, `application/pdf`), or JSON.'),
});

/** What each month costs: open until it is closed, and fixed afterwards. */
@Controller('api/v1/usage/statements')
export class StatementController {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get()
  @Access('read')
  @Described({
    id: 'listUsageStatements',
    summary: 'List the months with their totals, the latest first; closed ones never change',
    answer: z.array(statementHead),
  })
  list(@OrganizationId() organizationId: string): Promise<StatementHead[]> {
    return listStatements(this.nats, organizationId);
  }

  @Get(':month')
  @Access('read')
  @Described({
    id: 'getUsageStatement',
    summary: 'Get the statement of a month as JSON, CSV or PDF',
    answer: usageStatement,
  })
  async one(
    @OrganizationId() organizationId: string,
    @Param('month') month: string,
    @Query({ schema: statementQuery }) { format }: z.output<typeof statementQuery>,
    @Res() response: Response,
  ): Promise<void> {
    if (!statementMonth.safeParse(month).success)
      throw new DomainError('statement-not-found', 'There is no such month. Write it as in "2026-11".');
    const statement = await findStatement(this.nats, { organization_id: organizationId, month });
    const wanted = format ?? accepted(response.req.header('Accept') ?? '');
    response.type(wanted === 'csv' ? `${MEDIA.csv}; charset=utf-8; header=present` : MEDIA[wanted]);
    if (wanted === 'json') {
      response.json(statement);
      return;
    }
    response.set(missingHeaders(statement));
    response.attachment(`usage-${statement.month}-${statement.number ?? 'provisional'}.${wanted}`);
    response.send(await this.file(organizationId, { statement, format: wanted }));
  }

  private async file(
    organizationId: string,
    { statement, format }: { statement: UsageStatement; format: Exclude<Format, 'json'> },
  ): Promise<string | Buffer> {
    const trunks = await this.store.query<{ id: string; name: string }>(
      "select id, state->>'name' as name from trunks where organization_id = $1",
      [organizationId],
    );
    const trunkNames = new Map(trunks.map(({ id, name }) => [id, name]));
    if (format === 'csv') return statementCsv(statement, trunkNames);
    const row = await organizationRow(this.store, organizationId);
    const organization = { id: organizationId, name: row?.state.name ?? organizationId };
    return statementPdf({ statement, organization, trunkNames, generatedAt: new Date() });
  }
}

const accepted = (accept: string): Format =>
  (['csv', 'pdf'] as const).find((format) => accept.includes(MEDIA[format])) ?? 'json';
