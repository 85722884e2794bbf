import type { ReactNode } from 'react';
import {
  Checkbox,
  FieldError,
  Input,
  Label,
  Text,
  TextArea,
  TextField,
  type TextFieldProps,
} from 'react-aria-components';

interface FieldProps extends Omit<TextFieldProps, 'children' | 'className'> {
  label: string;
  hint?: ReactNode;
  /** What the service says is wrong with it. */
  problem?: string | undefined;
  placeholder?: string;
  rows?: number;
}

/** A labelled text field with a hint and what is wrong with its value. */
export function Field({ label, hint, problem, placeholder, rows, ...rest }: FieldProps) {
  return (
    <TextField {...rest} className="field" isInvalid={problem !== undefined} validationBehavior="aria">
      <Label>{label}</Label>
      {rows === undefined ? <Input placeholder={placeholder} /> : <TextArea rows={rows} placeholder={placeholder} />}
      {hint !== undefined && (
        <Text slot="description" className="muted small">
          {hint}
        </Text>
      )}
      <FieldError>{problem}</FieldError>
    </TextField>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [string, string])[];
  name?: string;
}

/** The browser's own list: it works with every keyboard, screen reader and telephone. */
export const Choice = ({ label, value, onChange, options, name }: ChoiceProps) => (
  <label className="field">
    <span>{label}</span>
    <select value={value} name={name} onChange={(event) => onChange(event.target.value)}>
      {options.map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  </label>
);

export const Check = ({
  isSelected,
  onChange,
  children,
}: {
  isSelected: boolean;
  onChange: (selected: boolean) => void;
  children: ReactNode;
}) => (
  <Checkbox className="check" isSelected={isSelected} onChange={onChange}>
    <span className="box" aria-hidden="true" />
    {children}
  </Checkbox>
);
