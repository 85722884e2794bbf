import type { Msg } from '@nats-io/nats-core';
import { Controller, Inject, UseFilters, UsePipes } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { answeredTrunksQuery, type AnsweredTrunksQuery } from '@trunkmesh/contracts/answered-trunks.js';
import {
  USAGE_ANSWERED_TRUNKS,
  USAGE_EXPORT,
  USAGE_GAPS,
  USAGE_RECORDS,
  USAGE_SUMMARY,
} from '@trunkmesh/contracts/subjects.js';
import { usageExportQuery, type UsageExportQuery } from '@trunkmesh/contracts/usage-export.js';
import {
  usageRecordsQuery,
  usageSummaryQuery,
  type UsageRecordsQuery,
  type UsageSummaryQuery,
} from '@trunkmesh/contracts/usage-query.js';
import { sendPiece } from '@trunkmesh/requests/ask-in-pieces.nats.js';
import { PieceMemory } from '@trunkmesh/requests/piece-memory.nats.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { NATS } from '@trunkmesh/runtime/nats.module.js';
import { Answering, refusalOf, type AnsweringOptions } from '../../answering.nats.js';
import { USAGE_ANSWERS } from '../../tokens.js';
import { completeFrom } from '../archive/archived.pg.js';
import { listGaps, missingRecords } from '../gaps.pg.js';
import { answeredTrunks } from './answered-trunks.pg.js';
import { exportPart, PART_BYTES } from './export-query.pg.js';
import { findEntries } from './ledger-query.pg.js';
import { recordsAnswer } from './records-answer.js';
import { statementEntries, type StatementEntries } from './statement-entries.pg.js';
import { summarize } from './summary-query.pg.js';

const SPAN = { span: 'usage' };
/** A message holds no more. */
const GAPS_LISTED = 1_000;

/** Requests about usage; they share the connections of those to the call log. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
export class UsageAnswersController {
  private readonly answering: Answering;
  private readonly pieces: PieceMemory;

  constructor(
    @Inject(USAGE_ANSWERS) private readonly options: AnsweringOptions,
    @Inject(NATS) nats: NatsLink,
  ) {
    this.answering = new Answering(options, 'usage');
    this.pieces = new PieceMemory(PART_BYTES, nats);
  }

  @MessagePattern(USAGE_RECORDS, SPAN)
  records(@Payload({ schema: usageRecordsQuery }) query: UsageRecordsQuery): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const of = await this.statement(query);
      const complete_from = await this.completeFrom(query, of);
      const records = await findEntries(this.options.dataSource, { ...query, of });
      const missing = await this.missing(query, of);
      return recordsAnswer({ records, limit: query.limit, complete_from, ...missing }, this.answering.size());
    });
  }

  @MessagePattern(USAGE_EXPORT, SPAN)
  export(
    @Payload({ schema: usageExportQuery }) { in_pieces, ...query }: UsageExportQuery,
    @Ctx() request: Msg,
  ): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const of = await this.statement(query);
      const facts =
        query.after === undefined
          ? { complete_from: await this.completeFrom(query, of), ...(await this.missing(query, of)) }
          : { complete_from: null };
      const { maxBytes } = this.answering.size();
      const part = (memory: Uint8Array, send?: (lines: Uint8Array) => unknown) =>
        exportPart(this.options.dataSource, { ...query, of }, { ...facts, memory, maxBytes, sendPiece: send });
      return in_pieces
        ? this.pieces.lend((memory) => part(memory, (lines) => sendPiece(request, lines)))
        : part(Buffer.allocUnsafeSlow(maxBytes));
    });
  }

  @MessagePattern(USAGE_SUMMARY, SPAN)
  summary(@Payload({ schema: usageSummaryQuery }) query: UsageSummaryQuery): Promise<Uint8Array> {
    return this.answering.inTime(async () => JSON.stringify(await summarize(this.options.dataSource, query)));
  }

  @MessagePattern(USAGE_ANSWERED_TRUNKS, SPAN)
  answeredTrunks(@Payload({ schema: answeredTrunksQuery }) query: AnsweredTrunksQuery): Promise<Uint8Array> {
    return this.answering.inTime(() => answeredTrunks(this.options.dataSource, query, this.answering.size().maxBytes));
  }

  @MessagePattern(USAGE_GAPS, SPAN)
  gaps(): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const gaps = await listGaps(this.options.dataSource);
      return JSON.stringify({ outcome: 'gaps', items: gaps.slice(0, GAPS_LISTED), total: gaps.length });
    });
  }

  /** Of a statement: of its month, and as it is now. */
  private missing({ date_from, date_to }: UsageExportQuery, of: StatementEntries | null | undefined) {
    const from = date_from ?? of?.begins.toISOString();
    return missingRecords(this.options.dataSource, { from, until: date_to ?? of?.ends.toISOString() });
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
