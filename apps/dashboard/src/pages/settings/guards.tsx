import { Link } from 'wouter';
import type { Schemas } from '../../api/client.http.js';
import { SPECIAL_NUMBER_WORDS } from '@trunkmesh/contracts/words.js';
import { useSession } from '../../session/session.js';
import { useOrganization } from '../../session/use-organization.js';
import { Check, Field } from '../../ui/field.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Card, Facts } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Save } from './save.js';
import { QuotasForm } from './quotas-form.js';
import { QUOTAS, quotaText } from './quotas.js';
import { SettingChoice } from './setting-choice.js';
import { useSettings } from './use-settings.js';

type Organization = Schemas['Organization'];

const COUNTRIES = [
  ['own', 'Your own country alone'],
  ['these', 'These countries'],
] as const;
const FAILOVER = [
  ['any_trunk', 'Any trunk of the organisation, by priority'],
  ['number_trunk_only', 'The trunk of the calling number alone'],
] as const;
const SPECIAL = ['premium-rate', 'shared-cost', 'satellite'] as const;

/** What may be called, over which trunks, and how much of it. */
export default function Guards() {
  const { mayManage, isOperator } = useSession();
  const organization = useOrganization();
  return (
    <Found of={organization}>
      {(found) => (
        <>
          {mayManage ? (
            <GuardsForm organization={found} />
          ) : (
            <>
              <OnlyAdmins what="change what may be called" />
              <Shown organization={found} />
            </>
          )}
          {isOperator ? <QuotasForm id={found.id} /> : <Quotas organization={found} />}
          <p className="muted small">
            A trunk has limits of its own: its countries, and its calls at once.{' '}
            <Link href="/trunks">See the trunks</Link>
          </p>
        </>
      )}
    </Found>
  );
}

function GuardsForm({ organization }: { organization: Organization }) {
  const form = useSettings(organization);
  const { draft, set, problemOfField } = form;
  const toggle = (kind: string, isAllowed: boolean) =>
    set('special')(SPECIAL.filter((each) => (each === kind ? isAllowed : draft.special.includes(each))));
  return (
    <Card title="What may be called">
      <div className="form">
        <Field
          label="Your own country"
          value={draft.country}
          onChange={set('country')}
          placeholder="US"
          hint="Two letters. Without it, a number may call the country that it belongs to."
          problem={problemOfField('country')}
        />
        <SettingChoice form={form} of="outbound" label="Countries" options={COUNTRIES} />
        {draft.outbound === 'these' && (
          <Field
            label="Country codes"
            value={draft.countries}
            onChange={set('countries')}
            placeholder="DE, US"
            hint="Two letters each. Without any, nothing can be called."
            problem={problemOfField('outbound_country_codes')}
          />
        )}
        <fieldset>
          <legend>Expensive numbers that may be called</legend>
          {SPECIAL.map((kind) => (
            <div key={kind}>
              <Check isSelected={draft.special.includes(kind)} onChange={(isAllowed) => toggle(kind, isAllowed)}>
                {SPECIAL_NUMBER_WORDS[kind]}
              </Check>
            </div>
          ))}
        </fieldset>
        <SettingChoice
          form={form}
          of="outbound_failover"
          label="Trunks that an outbound call may use"
          options={FAILOVER}
        />
        <Save form={form} />
      </div>
    </Card>
  );
}

const ownCountry = ({ country }: Organization) => country ?? 'that of the calling number';

const Shown = ({ organization }: { organization: Organization }) => (
  <Card title="What may be called">
    <Facts
      of={[
        ['Countries', organization.outbound_country_codes?.join(', ') ?? ownCountry(organization)],
        [
          'Expensive numbers',
          organization.outbound_special_numbers.map((kind) => SPECIAL_NUMBER_WORDS[kind]).join(', ') || 'none',
        ],
        ['Trunks', FAILOVER.find(([value]) => value === organization.outbound_failover)?.[1]],
      ]}
    />
  </Card>
);

const Quotas = ({ organization: { quotas } }: { organization: Organization }) => (
  <Card title="Ceilings">
    <Facts of={QUOTAS.map(([name, label]) => [label, quotaText(quotas?.[name])] as const)} />
    <p className="muted small">Your platform&rsquo;s operator sets them. Contact its support to change one.</p>
  </Card>
);
