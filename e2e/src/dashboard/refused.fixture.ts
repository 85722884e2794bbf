import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import { refusedSubject } from '@trunkmesh/contracts/subjects.js';
import type { Page } from 'playwright-core';
import type { Organization, TestMesh } from '../mesh.fixture.js';

/** What a bridge publishes of a call to the number. */
function refusedEvent(number: string, at: string): CallsRefused {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: 'trunkmesh/bridge-agent/bridge-1',
    type: 'CallsRefused',
    subject: refusedSubject('bridge-1'),
    time: at,
    datacontenttype: 'application/json',
    data: {
      bridge_id: 'bridge-1',
      minute: `${at.slice(0, 16)}:00.000Z`,
      source_address: '203.0.113.77',
      called: number,
      numbers: [number],
      reason: 'source-not-allowed',
      sip_status: 403,
      detail: null,
      count: 1,
      first_at: at,
      last_at: at,
    },
  };
}

/** Refused calls on an open page that is signed in. */
export function showsRefusedCalls(of: () => { page: Page; org: Organization; test: TestMesh }): void {
  it('shows a call that is refused now, without a reload', async () => {
    const { page, org, test } = of();
    const number = '+15550108877';
    const { id } = await org.api.post<{ id: string }>('/api/v1/phone-numbers', { phone_number: number });
    await page.goto(`/app/o/${org.id}/calls`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('Nothing. A call from an address').waitFor();
    const nc = await connect({ servers: test.mesh.file.nats });
    const event = refusedEvent(number, new Date().toISOString());
    await jetstream(nc).publish(event.subject, JSON.stringify(event));
    await page.getByText(`From 203.0.113.77, called ${number}`).waitFor();
    await nc.close();
    expect(await page.getByRole('alert').count()).toBe(0);
    await org.api.delete(`/api/v1/phone-numbers/${id}`);
  });
}
