import { Controller, Inject, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { USAGE_STATEMENT, USAGE_STATEMENTS } from '@trunkmesh/contracts/subjects.js';
import {
  usageStatementQuery,
  usageStatementsQuery,
  type UsageStatementQuery,
  type UsageStatementsQuery,
} from '@trunkmesh/contracts/usage-statement.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import { Answering, refusalOf, type AnsweringOptions } from '../../answering.nats.js';
import type { Config } from '../../config.js';
import { USAGE_ANSWERS } from '../../tokens.js';
import { findStatement, listStatements } from './statement-query.pg.js';

const SPAN = { span: 'usage' };

/** Requests about statements. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
export class StatementsController {
  private readonly answering: Answering;

  constructor(
    @Inject(USAGE_ANSWERS) private readonly options: AnsweringOptions,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.answering = new Answering(options, 'statements');
  }

  @MessagePattern(USAGE_STATEMENTS, SPAN)
  list(@Payload({ schema: usageStatementsQuery }) { organization_id }: UsageStatementsQuery): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const statements = await listStatements(this.options.dataSource, organization_id, this.asked());
      return JSON.stringify({ outcome: 'statements', statements });
    });
  }

  @MessagePattern(USAGE_STATEMENT, SPAN)
  one(@Payload({ schema: usageStatementQuery }) query: UsageStatementQuery): Promise<Uint8Array> {
    return this.answering.inTime(async () => {
      const statement = await findStatement(this.options.dataSource, query, this.asked());
      return JSON.stringify(
        statement === undefined ? { outcome: 'no-statement' } : { outcome: 'statement', statement },
      );
    });
  }

  private asked() {
    return { now: new Date(), closeDays: this.config.USAGE_CLOSE_DAYS };
  }
}
