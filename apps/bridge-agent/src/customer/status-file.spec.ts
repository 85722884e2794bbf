import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StatusDraft } from './call-status.js';
import { deliveredLine, deliveredUpTo, emptyFile, nextLine, readCallFile, type CallFile } from './status-file.js';

const call_id = '4c7d1814-0069-4c14-8ffe-f9ba6015fa4a';
const organization_id = '0190a5b2-7c00-7000-8000-000000000001';
const owner = { call_id, organization_id, number_id: null, timestamp: '2026-11-29T10:00:00.000Z' };
const ringing = { ...owner, status: 'ringing', direction: 'outbound', from_number: '1', to_number: '2' } as StatusDraft;

/** What happens to a call's statuses on one bridge: it writes one, one is delivered, another bridge wrote more. */
const steps = fc.array(fc.oneof(fc.constant('told'), fc.constant('delivered'), fc.integer({ min: 1, max: 5 })), {
  maxLength: 20,
});

describe("a call's file", () => {
  it('reads as it was written, also where another bridge wrote statuses in between', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let file: CallFile = { ...emptyFile(ringing) };
        const sent: number[] = [];
        let text = '';
        for (const step of all) {
          if (step === 'delivered') {
            if (file.delivered >= file.told) continue;
            sent.push(file.delivered + 1);
            text += deliveredLine(file.delivered + 1);
            file = { ...file, delivered: deliveredUpTo(file.delivered + 1, file.gaps) };
            continue;
          }
          const next = nextLine(file, step === 'told' ? ringing : { ...owner, elsewhere: file.told + step })!;
          text += next.line;
          const gaps = step === 'told' ? file.gaps : new Map(file.gaps).set(file.told, next.told);
          file = { ...file, gaps, told: next.told, delivered: deliveredUpTo(file.delivered, gaps) };
        }
        const own = [...text.matchAll(/"sequence":(\d+)/g)].map(([, sequence]) => Number(sequence));
        expect(sent).toEqual(own.slice(0, sent.length));
        expect(readCallFile(text) ?? {}).toMatchObject(
          text === '' ? {} : { told: file.told, delivered: file.delivered, gaps: file.gaps },
        );
      }),
      { examples: [[['told', 1, 1, 'delivered', 'delivered']]] },
    );
  });
});
