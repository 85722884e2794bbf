import { Controller, Inject, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  carrierBillRequest,
  type CarrierBillAnswer,
  type CarrierBillRequest,
  type Difference,
} from '@trunkmesh/contracts/carrier-bill.js';
import { CARRIER_BILL } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { Answering, refusalOf, type AnsweringOptions } from '../answering.nats.js';
import { CARRIER_BILL_ANSWERS } from '../tokens.js';
import { Reconciliations } from './reconciliations.service.js';
import {
  beginReconciliation,
  deleteReconciliation,
  findDifferences,
  getReconciliation,
  listReconciliations,
  startMatching,
  stopReconciliation,
  storeRows,
} from './reconciliation-rows.pg.js';

/** Requests about reconciliations with carriers' bills. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
export class CarrierBillController {
  private readonly answering: Answering;

  constructor(
    @Inject(CARRIER_BILL_ANSWERS) private readonly options: AnsweringOptions,
    private readonly reconciliations: Reconciliations,
  ) {
    this.answering = new Answering(options, 'reconciliations');
  }

  @MessagePattern(CARRIER_BILL, { span: 'carrier-bill' })
  answer(@Payload({ schema: carrierBillRequest }) request: CarrierBillRequest): Promise<Uint8Array> {
    return this.answering.inTime(async () => this.text(await this.carryOut(request)));
  }

  private async carryOut(request: CarrierBillRequest): Promise<CarrierBillAnswer> {
    const db = this.options.dataSource;
    switch (request.ask) {
      case 'begin':
        return beginReconciliation(db, request);
      case 'rows':
        return storeRows(db, request);
      case 'match':
        return this.waking(startMatching(db, request));
      case 'get':
        return getReconciliation(db, request);
      case 'stop':
        return this.waking(stopReconciliation(db, request));
      case 'delete':
        return this.waking(deleteReconciliation(db, request));
      case 'list':
        return listReconciliations(db, request);
      case 'differences':
        return findDifferences(db, request);
    }
  }

  private async waking(answer: Promise<CarrierBillAnswer>): Promise<CarrierBillAnswer> {
    const given = await answer;
    this.reconciliations.wake();
    return given;
  }

  /** A page of differences holds as many as fit into a message. */
  private text(answer: CarrierBillAnswer): string {
    if (answer.outcome !== 'differences') return JSON.stringify(answer);
    const { maxBytes, bytesOf } = this.answering.size();
    const items: Difference[] = [];
    let bytes = 100;
    for (const item of answer.items) {
      bytes += bytesOf(JSON.stringify(item)) + 1;
      if (bytes > maxBytes) break;
      items.push(item);
    }
    const next = items.length < answer.items.length ? (items.at(-1)?.difference_id ?? null) : answer.next;
    return JSON.stringify({ ...answer, items, next } satisfies CarrierBillAnswer);
  }
}
