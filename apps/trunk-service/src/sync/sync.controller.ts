import { Controller, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Access, OrganizationId } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import { streamProgress } from '../http/progress.http.js';
import { awaitVerdicts, VerdictSources } from '../status/await-verdicts.nats.js';
import { syncReport } from './sync-report.js';
import { syncView } from './sync-view.js';

/** How long the bridges' word is waited for. */
export const waitQuery = z.strictObject({
  timeout_ms: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(5_000)
    .describe('How long to wait for the bridges, milliseconds.'),
});

@Controller('api/v1/sip-trunks')
export class SyncController {
  constructor(private readonly sources: VerdictSources) {}

  /** Success is only what the bridges have said themselves. */
  @Post('sync')
  @Access('manage')
  @Described({ id: 'syncTrunks', answer: syncView, summary: 'Wait until the bridges report on every trunk' })
  async sync(
    @OrganizationId() organizationId: string,
    @Query({ schema: waitQuery }) { timeout_ms }: z.output<typeof waitQuery>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await streamProgress({ request, response, logger: this.sources.store.logger }, async (signal, progress) => {
      const waiting = {
        timeoutMs: timeout_ms,
        signal,
        progress: (done: number, total: number) => progress({ stage: 'waiting', done, total }),
      };
      const verdicts = await awaitVerdicts(this.sources, organizationId, waiting);
      return { status: 200, headers: {}, body: syncReport(verdicts) };
    });
  }
}
