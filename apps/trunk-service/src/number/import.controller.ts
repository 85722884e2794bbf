import { Controller, Inject, Post, Query, Req, Res } from '@nestjs/common';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { SealSecret } from '../call-settings/call-settings.js';
import type { Config } from '../config.js';
import { Access, BodyLimit, OrganizationId } from '../access/access.guard.js';
import { LARGE_BODY } from '../http/body.http.js';
import { idempotencyKeyOf } from '../http/idempotency.pg.js';
import { Described } from '../http/open-api.http.js';
import { streamProgress } from '../http/progress.http.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { sealingWith } from '../secrets/sealed-secret.process.js';
import { KEY_RING, EVENT_STORE } from '../tokens.js';
import type { Writing } from './import-check.pg.js';
import { readImport } from './import-read.process.js';
import { previewImport } from './import-preview.pg.js';
import { writeImport } from './import-write.pg.js';
import { NUMBER_SCHEMAS, numberSchemas, type NumberSchemas } from './number-input.js';
import { mayVerify } from './verified-caller.js';
import { importReport } from './import-report.js';

const importQuery = z.strictObject({
  on_duplicate: z
    .enum(['error', 'skip', 'update'])
    .default('error')
    .describe(
      'What to do with numbers that exist: `error` refuses the import, `skip` leaves them, `update` changes them.',
    ),
  dry_run: z
    .enum(['true', 'false'])
    .default('false')
    .describe('`true`: writes nothing and answers in `preview` what the import would do, problems line by line.'),
});

@Controller('api/v1/phone-numbers/import')
export class ImportController {
  private readonly entry: NumberSchemas['entry'];
  private readonly seal: SealSecret;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEY_RING) keyRing: KeyRing,
    @Inject(CONFIG) config: Config,
  ) {
    this.entry = numberSchemas({ allowPrivate: config.ALLOW_PRIVATE_GATEWAYS }).entry;
    this.seal = sealingWith(keyRing);
  }

  @Post()
  @Access('manage')
  @Described({
    id: 'importPhoneNumbers',
    answer: importReport,
    summary: 'Import up to 100,000 phone numbers as JSON or CSV: all of them, or none and what is wrong line by line',
    body: {
      'application/json': z.array(NUMBER_SCHEMAS.entry.meta({ id: 'PhoneNumberEntry' })),
      'text/csv': z.string(),
    },
  })
  @BodyLimit(LARGE_BODY)
  async import(
    @OrganizationId() organizationId: string,
    @Query({ schema: importQuery }) query: z.output<typeof importQuery>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await streamProgress({ request, response, logger: this.store.logger }, async (signal, progress) => {
      const read = await readImport(request.body, request.header('Content-Type') ?? '', {
        entry: this.entry,
        signal,
        progress: (done) => progress({ stage: 'reading', done }),
      });
      const task = {
        organizationId,
        onDuplicate: query.on_duplicate,
        read,
        seal: this.seal,
        mayVerify: mayVerify(request.caller!.role),
      };
      const writing: Writing = { signal, progress: (stage, done, total) => progress({ stage, done, total }) };
      // A trial takes no key: with the same one the import follows.
      return query.dry_run === 'true'
        ? previewImport(this.store, task, writing)
        : writeImport(this.store, { ...task, key: idempotencyKeyOf(request, organizationId) }, writing);
    });
  }
}
