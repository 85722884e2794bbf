import { useQuery } from '@tanstack/react-query';
import { client, dataOf, type Schemas } from '../../api/client.http.js';

export type Explanation = Schemas['Explanation'];
export type OutboundExplanation = Schemas['OutboundPlanExplanation'];
type Body = Schemas['ExplainRequest'] | Schemas['OutboundExplainRequest'];

const PATH = '/api/v1/routes/explain';
const ask = async (body: Body): Promise<Explanation | OutboundExplanation> =>
  (await dataOf(client.POST(PATH, { body }))) as Explanation | OutboundExplanation;

export async function explainInvite(body: Schemas['ExplainRequest']): Promise<Explanation> {
  return (await ask(body)) as Explanation;
}

/** Asks as soon as there is something to ask. */
export function useExplanation<Answer extends Explanation | OutboundExplanation>(body: Body | undefined) {
  return useQuery({
    queryKey: [PATH, body],
    queryFn: async () => (await ask(body!)) as Answer,
    enabled: body !== undefined,
  });
}
