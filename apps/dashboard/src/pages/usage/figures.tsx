import type { ReactNode } from 'react';

interface FiguresProps {
  label: string;
  heads: readonly string[];
  /** A key, then the cells: the first is the row's head, the others are figures. */
  rows: readonly (readonly [string, ...ReactNode[]])[];
}

/** A short table of figures. */
export const Figures = ({ label, heads, rows }: FiguresProps) => (
  <div className="scroll" tabIndex={0} role="region" aria-label={`${label}: table`}>
    <table className="plain">
      <thead>
        <tr>
          {heads.map((head, index) => (
            <th key={head} scope="col" className={index === 0 ? undefined : 'number'}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([key, first, ...cells]) => (
          <tr key={key}>
            <th scope="row">{first}</th>
            {cells.map((cell, index) => (
              <td key={heads[index + 1]} className="number">
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
