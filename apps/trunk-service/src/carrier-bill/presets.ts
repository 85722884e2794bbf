import { carrierFormatBody, type CarrierFormat } from './carrier-format.js';
import type { z } from 'zod';

const preset = (name: string, confirmed: boolean, body: z.input<typeof carrierFormatBody>): CarrierFormat => ({
  name,
  preset: true,
  confirmed,
  ...carrierFormatBody.parse(body),
});

/**
 * The export formats of common providers. `confirmed` ones were checked with the provider's own list of fields; the
 * others hold the names that its API uses, and each name that was seen in exports.
 */
export const PRESETS: readonly CarrierFormat[] = [
  // Field names and times as "Billing Detail Record field descriptions" of Bandwidth's support pages has them.
  preset('bandwidth', true, {
    columns: {
      from: 'CallSource',
      to: 'CallDestination',
      time: 'CallStartDateTime',
      duration: 'Duration',
      amount: 'Amount',
      reference: 'CallID',
    },
    time_format: 'YYYY/MM/DD hh:mm:ss A',
    currency: 'USD',
    default_country: 'US',
  }),
  preset('generic', true, {
    columns: {
      from: ['from', 'from_number', 'caller', 'source', 'cli', 'calling number', 'a number'],
      to: ['to', 'to_number', 'callee', 'destination', 'cld', 'called number', 'b number'],
      time: ['started_at', 'start time', 'start', 'time', 'date', 'call date', 'timestamp'],
      duration: ['billed seconds', 'billable seconds', 'billsec', 'billed duration', 'duration', 'seconds'],
      amount: ['amount', 'cost', 'price', 'charge', 'total'],
      currency: ['currency'],
      reference: ['id', 'call_id', 'reference', 'uuid'],
    },
    currency: 'USD',
  }),
  // The field names are those of "How to Export Call Detail Records" of Plivo's support pages; the times are not there.
  preset('plivo', false, {
    columns: {
      from: ['From number', 'from_number'],
      to: ['To number', 'to_number'],
      time: ['Initiation time', 'initiation_time'],
      duration: ['Billed duration', 'bill_duration'],
      amount: ['Billed amount', 'total_amount'],
      reference: ['Call UUID', 'call_uuid'],
    },
    currency: 'USD',
  }),
  // "Understanding Telnyx CDR" of Telnyx's support pages has "Billable time", in 60/60; the times' format is not there.
  preset('telnyx', false, {
    columns: {
      from: ['Originating Number', 'cli', 'from'],
      to: ['Terminating Number', 'cld', 'to'],
      time: ['Start Timestamp', 'Start Timestamp(UTC)', 'started_at', 'start_time'],
      duration: ['Billable time', 'Billed Duration', 'billed_sec', 'billed_seconds'],
      amount: ['Cost', 'total_cost'],
      currency: ['Currency'],
      reference: ['Call UUID', 'Session Id', 'id'],
    },
    currency: 'USD',
  }),
  // Twilio documents the resource of a call and no CSV.
  preset('twilio', false, {
    columns: {
      from: ['From'],
      to: ['To'],
      time: ['Start Time', 'StartTime', 'start_time'],
      duration: ['Duration'],
      amount: ['Price'],
      currency: ['Price Unit', 'PriceUnit', 'price_unit'],
      reference: ['Call Sid', 'Sid'],
    },
    negative_amounts: true,
    currency: 'USD',
  }),
  // The Reports API's pages name no columns of its CSV; `start` and `length` are those of call logs in JSON.
  preset('vonage', false, {
    columns: {
      from: ['from'],
      to: ['to'],
      time: ['date_start', 'start'],
      duration: ['duration', 'length'],
      amount: ['total_price', 'price', 'charge'],
      currency: ['currency'],
      reference: ['call_id', 'id'],
    },
    currency: 'EUR',
  }),
];
