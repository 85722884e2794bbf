import { Controller, Inject, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { USAGE_EXPORT, USAGE_RECORDS, USAGE_SUMMARY } from '@trunkmesh/contracts/subjects.js';
import {
  usageExportQuery,
  usageRecordsQuery,
  usageSummaryQuery,
  type UsageExportQuery,
  type UsageRecordsQuery,
  type UsageSummaryQuery,
} from '@trunkmesh/contracts/usage-query.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { Answering, refusalOf, type AnsweringOptions } from '../../answering.nats.js';
import { USAGE_ANSWERS } from '../../tokens.js';
import { completeFrom } from '../archive/archived.pg.js';
import { hasGap } from '../gaps.pg.js';
import { exportPart } from './export-query.pg.js';
import { findEntries } from './ledger-query.pg.js';
import { recordsAnswer } from './records-answer.js';
import { statementEntries, type StatementEntries } from './statement-entries.pg.js';
import { summarize } from './summary-query.pg.js';

const SPAN = { span: 'usage' };

/** Requests about usage; they share the connections of those to the call log. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
export class UsageAnswersController {
  private readonly answering: Answering;

  constructor(@Inject(USAGE_ANSWERS) private readonly options: AnsweringOptions) {
    this.answering = new Answering(options, 'usage');
  }

  @MessagePattern(USAGE_RECORDS, SPAN)
  records(@Payload({ schema: usageRecordsQuery }) query: UsageRecordsQuery): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const of = await this.statement(query);
      const complete_from = await this.completeFrom(query, of);
      const records = await findEntries(this.options.dataSource, { ...query, of });
      const incomplete = await hasGap(this.options.dataSource, { from: query.date_from, until: query.date_to });
      return recordsAnswer({ records, limit: query.limit, complete_from, incomplete }, this.answering.size());
    });
  }

  @MessagePattern(USAGE_EXPORT, SPAN)
  export(@Payload({ schema: usageExportQuery }) query: UsageExportQuery): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const of = await this.statement(query);
      const complete_from = query.after === undefined ? await this.completeFrom(query, of) : null;
      return exportPart(this.options.dataSource, { ...query, of }, { complete_from, ...this.answering.size() });
    });
  }

  @MessagePattern(USAGE_SUMMARY, SPAN)
  summary(@Payload({ schema: usageSummaryQuery }) query: UsageSummaryQuery): Promise<Uint8Array> {
    return this.answering.inTime(async () => JSON.stringify(await summarize(this.options.dataSource, query)));
  }

  private async statement({ organization_id, statement: month }: UsageExportQuery) {
    if (month === undefined) return undefined;
    return (await statementEntries(this.options.dataSource, { organization_id, month })) ?? null;
  }

  private completeFrom(
    { organization_id, date_from, date_to }: UsageExportQuery,
    of: StatementEntries | null | undefined,
  ): Promise<string | null> {
    const from = date_from ?? of?.begins.toISOString();
    return completeFrom(this.options.dataSource, { organizationId: organization_id, from, to: date_to });
  }
}
