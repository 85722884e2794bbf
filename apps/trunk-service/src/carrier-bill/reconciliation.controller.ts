import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { difference, reconciliation, type Reconciliation } from '@trunkmesh/contracts/carrier-bill.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Request, Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { Access, BodyLimit, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { STREAMED_BODY } from '../http/body.http.js';
import { CSV, streamCsv } from '../http/csv-stream.http.js';
import { Described } from '../http/open-api.http.js';
import { decodeCursor, encodeCursor } from '../http/page.js';
import { streamProgress } from '../http/progress.http.js';
import type { Span } from '../http/given-time.js';
import { fileOf } from '../http/uploaded-file.http.js';
import { inZoneOf } from '../organization/time-zone.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { askCarrierBill, getReconciliation, reconciliationId } from './carrier-bill.nats.js';
import { findFormat } from './carrier-formats.pg.js';
import {
  differencesPage,
  differencesQuery,
  listQuery,
  reconciliationsPage,
  uploadQuery,
  type DifferencesPage,
  type DifferencesQuery,
  type ListQuery,
  type ReconciliationsPage,
  type UploadQuery,
} from './reconciliation-query.js';
import { upload } from './upload.nats.js';

const DIFFERENCES_AT_ONCE = 1_000;

/** Comparisons of the ledger with carriers' own CDR files. */
@Controller('api/v1/usage/reconciliations')
export class ReconciliationController {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Post()
  @Access('manage')
  @Described({
    id: 'createReconciliation',
    summary:
      "Upload a carrier's CDR file (CSV, also gzip) and compare it with the ledger; the comparison goes on after it",
    status: 202,
    answer: reconciliation,
    body: { 'text/csv': z.string(), 'application/gzip': z.string() },
  })
  @BodyLimit(STREAMED_BODY)
  async create(
    @OrganizationId() organization_id: string,
    @Query({ schema: uploadQuery }) query: UploadQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const file = fileOf(request);
    await streamProgress({ request, response, logger: this.store.logger }, async (signal, progress) => {
      const { date_from, date_to } = await inZoneOf(this.store, organization_id, query);
      const format = await findFormat(this.store, organization_id, query.format);
      const begin = {
        organization_id,
        id: uuidv7(),
        name: query.name,
        format: format.name,
        trunk_ids: query.trunk_id ?? null,
        tolerance_seconds: query.tolerance_seconds,
        time_is: format.time_is,
        period: periodOf({ date_from, date_to }),
      };
      const body = await upload(this.nats, {
        begin,
        file: { ...file, format },
        skipProblems: query.on_problem === 'skip',
        signal,
        progress: (done) => progress({ stage: 'receiving', done }),
      });
      return { status: 202, headers: { Location: `/api/v1/usage/reconciliations/${begin.id}` }, body };
    });
  }

  @Get()
  @Access('read')
  @Described({ id: 'listReconciliations', summary: 'List reconciliations, newest first', answer: reconciliationsPage })
  async list(
    @OrganizationId() organization_id: string,
    @Query({ schema: listQuery }) { limit, cursor }: ListQuery,
  ): Promise<ReconciliationsPage> {
    const [created_at, id] = decodeCursor(cursor, ['string', 'string']) ?? [];
    const after = created_at === undefined || id === undefined ? undefined : { created_at, id };
    const request = { ask: 'list' as const, organization_id, limit, after };
    const { items, next } = await askCarrierBill(this.nats, request, 'reconciliations');
    return { items, next_cursor: next === null ? null : encodeCursor([next.created_at, next.id]) };
  }

  @Get(':id')
  @Access('read')
  @Described({
    id: 'getReconciliation',
    summary: 'Show a reconciliation: how far it is, and its sums',
    answer: reconciliation,
  })
  get(@OrganizationId() organization_id: string, @Param('id') id: string): Promise<Reconciliation> {
    return getReconciliation(this.nats, { organization_id, id: reconciliationId(id) });
  }

  @Post(':id/stop')
  @HttpCode(200)
  @Access('manage')
  @Described({
    id: 'stopReconciliation',
    summary: 'Stop a reconciliation that is being received or compared; one that is over stays as it is',
    answer: reconciliation,
  })
  async stop(@OrganizationId() organization_id: string, @Param('id') id: string): Promise<Reconciliation> {
    const request = { ask: 'stop' as const, organization_id, id: reconciliationId(id) };
    return (await askCarrierBill(this.nats, request, 'reconciliation')).reconciliation;
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('manage')
  @Described({ id: 'deleteReconciliation', summary: 'Delete a reconciliation and what it found', status: 204 })
  async remove(@OrganizationId() organization_id: string, @Param('id') id: string): Promise<void> {
    await askCarrierBill(this.nats, { ask: 'delete', organization_id, id: reconciliationId(id) }, 'done');
  }

  @Get(':id/differences')
  @Access('read')
  @Described({
    id: 'listCarrierDifferences',
    summary: 'List what differs between the ledger and the file; with "Accept: text/csv" all that match, as a file',
    answer: differencesPage,
  })
  async differences(
    @OrganizationId() organization_id: string,
    @Param('id') text: string,
    @Query({ schema: differencesQuery }) { limit, cursor, ...filter }: DifferencesQuery,
    @Res() response: Response,
  ): Promise<void> {
    const [first] = decodeCursor(cursor, ['string']) ?? [];
    const of = { ask: 'differences' as const, organization_id, id: reconciliationId(text), ...filter };
    const page = (after: string | undefined, most: number) =>
      askCarrierBill(this.nats, { ...of, limit: most, after }, 'differences');
    if ((response.req.header('Accept') ?? '').includes(CSV)) {
      const columns = difference.keyof().options;
      await streamCsv(response, { name: 'differences.csv', columns, first }, (after) =>
        page(after, DIFFERENCES_AT_ONCE),
      );
      return;
    }
    const { items, next } = await page(first, limit);
    response.json({ items, next_cursor: next === null ? null : encodeCursor([next]) } satisfies DifferencesPage);
  }
}

const secondsOf = (time: string) => Math.floor(Date.parse(time) / 1000);

/** One of the two alone is a period too: up to any time, or from any time on. */
function periodOf({ date_from, date_to }: Span): { from: number; to: number } | null {
  if (date_from === undefined && date_to === undefined) return null;
  return { from: secondsOf(date_from ?? '2000-01-01T00:00:00Z'), to: secondsOf(date_to ?? '2999-12-31T00:00:00Z') };
}
